const books = new Map();
const users = new Map();

module.exports = {
  books: async () => [...books.values()],
  addBook: async (book) => books.set(book.id, book).get(book.id),
  updateBook: async (id, book) => books.set(id, book).get(id),
  removeBook: async (id) => books.delete(id),
  findUser: async (email) => users.get(email),
  addUser: async (email, password) => users.set(email, { id: email, password }).get(email),
};
