const { Router } = require('express');
const bcrypt = require('bcryptjs');
const { sign } = require('./auth');
const store = require('./store');

const router = Router();

router.post('/register', async (req, res) => {
  const user = await store.addUser(req.body.email, await bcrypt.hash(req.body.password, 12));
  res.status(201).json({ token: sign(user) });
});

router.post('/login', async (req, res) => {
  const user = await store.findUser(req.body.email);
  if (!user || !(await bcrypt.compare(req.body.password, user.password))) {
    return res.status(401).json({ error: 'wrong email or password' });
  }
  res.json({ token: sign(user) });
});

module.exports = router;
