const express = require('express');
const books = require('./books');
const accounts = require('./accounts');

const app = express();

app.use(express.json());
app.use('/api', accounts);
app.use('/api/books', books);

app.listen(process.env.PORT || 3000);
