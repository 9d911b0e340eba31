CREATE TABLE `categories` (
  `id` int unsigned NOT NULL AUTO_INCREMENT,
  `parent_id` int unsigned DEFAULT NULL,
  `name` varchar(100) COLLATE utf8mb4_unicode_ci NOT NULL,
  `position` smallint NOT NULL DEFAULT '0',
  PRIMARY KEY (`id`),
  UNIQUE KEY `uq_name` (`parent_id`,`name`),
  KEY `idx_position` (`position`)
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8mb4 COMMENT='tree; of groups';

CREATE TABLE products (
  id BIGINT AUTO_INCREMENT PRIMARY KEY,
  sku CHAR(12) NOT NULL UNIQUE,
  category_id INT UNSIGNED NOT NULL,
  title VARCHAR(255) CHARACTER SET utf8mb4 NOT NULL,
  body MEDIUMTEXT,
  price DECIMAL(10,2) NOT NULL DEFAULT 0.00,
  weight FLOAT,
  active BOOLEAN NOT NULL DEFAULT TRUE,
  attributes JSON,
  state ENUM('draft','live','gone') NOT NULL DEFAULT 'draft',
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at DATETIME(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6),
  slug VARCHAR(255) GENERATED ALWAYS AS (lower(title)) STORED,
  CONSTRAINT fk_category FOREIGN KEY (category_id) REFERENCES categories (id) ON DELETE CASCADE,
  FULLTEXT KEY ft_title (title, body),
  INDEX (title(20), price)
);

INSERT INTO categories (parent_id, name) VALUES (NULL, 'it''s; here'), (NULL, 'b\'c');
