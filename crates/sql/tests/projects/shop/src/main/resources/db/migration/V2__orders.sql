CREATE TABLE orders (
  id INTEGER NOT NULL AUTO_INCREMENT,
  customer INT(10) UNSIGNED NOT NULL,
  placed DATE NOT NULL,
  total DOUBLE PRECISION,
  PRIMARY KEY (id, placed),
  KEY (customer)
);
CREATE TABLE order_lines (
  order_id INT NOT NULL,
  product_id BIGINT NOT NULL,
  quantity TINYINT UNSIGNED NOT NULL DEFAULT 1,
  FOREIGN KEY (order_id) REFERENCES orders (id) ON UPDATE CASCADE,
  FOREIGN KEY (product_id) REFERENCES products (id)
);
DELIMITER //
CREATE TRIGGER order_lines_total AFTER INSERT ON order_lines FOR EACH ROW
BEGIN
  IF NEW.quantity > 0 THEN
    UPDATE orders SET total = total + 1 WHERE id = NEW.order_id;
  END IF;
END//
DELIMITER ;
ALTER TABLE order_lines ADD COLUMN note TEXT AFTER product_id, ADD INDEX idx_lines (order_id, product_id), ADD CHECK (quantity < 200);
