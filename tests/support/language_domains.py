"""Three invented databases and what their owners would ask: no engine's author's favourite, no benchmark's data."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

CLINIC_SCHEMA = """
CREATE TABLE doctors (doctor_id serial PRIMARY KEY, full_name text NOT NULL, specialty text, hired_on date, salary numeric(10,2));
CREATE TABLE patients (patient_id serial PRIMARY KEY, full_name text NOT NULL, date_of_birth date, gender text, city text, insurance_provider text, registered_at timestamp);
CREATE TABLE appointments (appointment_id serial PRIMARY KEY, patient_id int REFERENCES patients, doctor_id int REFERENCES doctors, scheduled_for timestamp, status text, fee numeric(8,2));
CREATE TABLE medications (medication_id serial PRIMARY KEY, name text, manufacturer text, unit_price numeric(8,2));
CREATE TABLE prescriptions (prescription_id serial PRIMARY KEY, appointment_id int REFERENCES appointments, medication_id int REFERENCES medications, dosage text, quantity int);
INSERT INTO doctors VALUES (1,'Grace Okafor','Cardiology','2010-03-01',9000),(2,'Liam Chen','Pediatrics','2015-06-15',7000),(3,'Marta Silva','Cardiology','2019-01-10',7500),(4,'Omar Haddad','Dermatology','2021-09-01',6500);
INSERT INTO patients VALUES (1,'Ana Ruiz','1980-05-05','F','Springfield','Medisure','2022-01-10'),(2,'Bob Stone','1975-02-11','M','Riverton','HealthOne','2022-03-15'),(3,'Cara Diaz','2015-07-21','F','Springfield','Medisure','2023-02-01'),(4,'Dan Wu','1990-12-30','M','Lakeside',NULL,'2023-05-20'),(5,'Eve Novak','2001-08-08','F','Riverton','HealthOne','2023-11-02');
INSERT INTO appointments VALUES (1,1,1,'2023-01-05 10:00','completed',120),(2,2,1,'2023-01-09 11:00','completed',120),(3,3,2,'2023-02-14 09:00','cancelled',80),(4,3,2,'2023-03-01 09:00','completed',80),(5,4,3,'2023-03-15 14:00','completed',150),(6,1,3,'2023-04-02 15:00','no-show',150),(7,5,1,'2024-01-20 10:30','completed',130),(8,1,1,'2024-02-11 10:30','scheduled',130);
INSERT INTO medications VALUES (1,'Cardiol','Pharmax',12.5),(2,'Dermacalm','BioLabs',8),(3,'Pedisyrup','Pharmax',5.25),(4,'Painaway','Generix',2);
INSERT INTO prescriptions VALUES (1,1,1,'10mg',30),(2,2,1,'20mg',60),(3,4,3,'5ml',1),(4,5,4,'500mg',20),(5,1,4,'500mg',10);
"""

CLINIC: tuple[tuple[str, str], ...] = (
    (
        "How many patients are there?",
        "SELECT count(*) FROM patients",
    ),
    (
        "List the names of doctors in cardiology",
        "SELECT full_name FROM doctors WHERE specialty='Cardiology'",
    ),
    (
        "What is the average salary of doctors for each specialty?",
        "SELECT specialty, avg(salary) FROM doctors GROUP BY specialty",
    ),
    (
        "Which patients live in Springfield?",
        "SELECT full_name FROM patients WHERE city='Springfield'",
    ),
    (
        "How many appointments did each doctor have?",
        "SELECT d.full_name, count(*) FROM doctors d JOIN appointments a USING (doctor_id) GROUP BY d.doctor_id, d.full_name",
    ),
    (
        "Who is the highest paid doctor?",
        "SELECT full_name FROM doctors ORDER BY salary DESC LIMIT 1",
    ),
    (
        "Which doctors have no appointments?",
        "SELECT full_name FROM doctors d WHERE NOT EXISTS (SELECT 1 FROM appointments a WHERE a.doctor_id=d.doctor_id)",
    ),
    (
        "What is the total fee of completed appointments in 2023?",
        "SELECT sum(fee) FROM appointments WHERE status='completed' AND scheduled_for>='2023-01-01' AND scheduled_for<'2024-01-01'",
    ),
    (
        "Show the names of patients who saw Grace Okafor",
        "SELECT full_name FROM patients p WHERE EXISTS (SELECT 1 FROM appointments a JOIN doctors d USING (doctor_id) WHERE a.patient_id=p.patient_id AND d.full_name='Grace Okafor')",
    ),
    (
        "Which medications are made by Pharmax?",
        "SELECT name FROM medications WHERE manufacturer='Pharmax'",
    ),
    (
        "How many appointments were cancelled?",
        "SELECT count(*) FROM appointments WHERE status='cancelled'",
    ),
    (
        "Names of patients with more than two appointments",
        "SELECT p.full_name FROM patients p JOIN appointments a USING (patient_id) GROUP BY p.patient_id, p.full_name HAVING count(*)>2",
    ),
    (
        "What is the most common specialty?",
        "SELECT specialty FROM doctors GROUP BY specialty ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Number of appointments per month in 2023",
        "SELECT date_trunc('month',scheduled_for), count(*) FROM appointments WHERE scheduled_for>='2023-01-01' AND scheduled_for<'2024-01-01' GROUP BY 1",
    ),
    (
        "Which patients were prescribed Painaway?",
        "SELECT full_name FROM patients p WHERE EXISTS (SELECT 1 FROM appointments a JOIN prescriptions r USING (appointment_id) JOIN medications m USING (medication_id) WHERE a.patient_id=p.patient_id AND m.name='Painaway')",
    ),
    (
        "List the three cheapest medications",
        "SELECT name FROM medications ORDER BY unit_price LIMIT 3",
    ),
    (
        "What percentage of appointments were completed?",
        "SELECT 100.0*count(*) FILTER (WHERE status='completed')/count(*) FROM appointments",
    ),
    (
        "How many female patients live in Springfield?",
        "SELECT count(*) FROM patients WHERE gender='F' AND city='Springfield'",
    ),
    (
        "Doctors hired before 2016",
        "SELECT full_name FROM doctors WHERE hired_on<'2016-01-01'",
    ),
    (
        "How many patients registered in 2023?",
        "SELECT count(*) FROM patients WHERE registered_at>='2023-01-01' AND registered_at<'2024-01-01'",
    ),
    (
        "Which city has the most patients?",
        "SELECT city FROM patients GROUP BY city ORDER BY count(*) DESC, city LIMIT 1",
    ),
    (
        "Show medications with a unit price between 3 and 10",
        "SELECT name FROM medications WHERE unit_price BETWEEN 3 AND 10",
    ),
    (
        "What are the names and specialties of doctors earning more than 7200?",
        "SELECT full_name, specialty FROM doctors WHERE salary>7200",
    ),
    (
        "Show patients without insurance provider",
        "SELECT full_name FROM patients WHERE insurance_provider IS NULL",
    ),
    (
        "List doctors ordered by salary from highest to lowest",
        "SELECT full_name, salary FROM doctors ORDER BY salary DESC",
    ),
)

CLINIC_UNANSWERABLE: tuple[str, ...] = (
    "What is the weather like in Springfield?",
    "How many patients have a loyalty card?",
    "Which doctors speak Portuguese?",
)

LOGI_SCHEMA = """
CREATE TABLE tbl_warehouse (wh_id int, wh_name text, region text, capacity_m3 int);
CREATE TABLE tbl_driver (driver_id int, first_name text, last_name text, license_class text, birth_date date);
CREATE TABLE tbl_vehicle (vehicle_id int, plate_no text, vehicle_type text, max_load_kg int, is_active boolean);
CREATE TABLE tbl_shipment (shipment_id int, origin_wh_id int, driver_id int, vehicle_id int, dest_city text, shipped_at timestamp, delivered_at timestamp, weight_kg numeric, freight_cost numeric, status text);
CREATE TABLE tbl_shipment_item (item_id int, shipment_id int, sku text, qty int);
INSERT INTO tbl_warehouse VALUES (1,'North Hub','North',5000),(2,'Harbor Depot','South',8000),(3,'Hill Store','North',1200);
INSERT INTO tbl_driver VALUES (1,'Ivan','Petrov','C','1980-01-01'),(2,'Lena','Schmidt','B','1992-05-05'),(3,'Paul','Moreau','C','1975-09-09'),(4,'Zoe','Klein','A','1999-03-03');
INSERT INTO tbl_vehicle VALUES (1,'AA-11','truck',12000,true),(2,'BB-22','van',1500,true),(3,'CC-33','truck',18000,false);
INSERT INTO tbl_shipment VALUES (1,1,1,1,'Lyon','2024-01-03 08:00','2024-01-04 12:00',900,300,'delivered'),(2,1,2,2,'Turin','2024-01-10 08:00','2024-01-10 20:00',120,80,'delivered'),(3,2,1,1,'Lyon','2024-02-05 08:00',NULL,4000,900,'in transit'),(4,2,3,3,'Basel','2024-02-06 09:00','2024-02-09 09:00',7000,1500,'delivered'),(5,3,3,3,'Turin','2024-03-01 07:00',NULL,50,40,'lost');
INSERT INTO tbl_shipment_item VALUES (1,1,'SKU-1',10),(2,1,'SKU-2',5),(3,2,'SKU-1',2),(4,3,'SKU-3',100),(5,4,'SKU-3',7),(6,4,'SKU-2',9);
"""

LOGI: tuple[tuple[str, str], ...] = (
    (
        "How many warehouses do we have in each region?",
        "SELECT region, count(*) FROM tbl_warehouse GROUP BY region",
    ),
    (
        "Which drivers have a class C license?",
        "SELECT first_name, last_name FROM tbl_driver WHERE license_class='C'",
    ),
    (
        "What is the total freight cost of shipments to Lyon?",
        "SELECT sum(freight_cost) FROM tbl_shipment WHERE dest_city='Lyon'",
    ),
    (
        "How many shipments did each driver make?",
        "SELECT d.first_name, d.last_name, count(*) FROM tbl_driver d JOIN tbl_shipment s USING (driver_id) GROUP BY 1,2",
    ),
    (
        "List the plate numbers of inactive vehicles",
        "SELECT plate_no FROM tbl_vehicle WHERE NOT is_active",
    ),
    (
        "Which warehouse has the largest capacity?",
        "SELECT wh_name FROM tbl_warehouse ORDER BY capacity_m3 DESC LIMIT 1",
    ),
    (
        "What is the heaviest shipment?",
        "SELECT shipment_id FROM tbl_shipment ORDER BY weight_kg DESC LIMIT 1",
    ),
    (
        "Total quantity of items per shipment",
        "SELECT shipment_id, sum(qty) FROM tbl_shipment_item GROUP BY shipment_id",
    ),
    (
        "Which drivers never had a shipment?",
        "SELECT first_name,last_name FROM tbl_driver d WHERE NOT EXISTS (SELECT 1 FROM tbl_shipment s WHERE s.driver_id=d.driver_id)",
    ),
    (
        "What is the average weight of shipments by vehicle type?",
        "SELECT v.vehicle_type, avg(s.weight_kg) FROM tbl_shipment s JOIN tbl_vehicle v USING (vehicle_id) GROUP BY 1",
    ),
    (
        "How many shipments were lost?",
        "SELECT count(*) FROM tbl_shipment WHERE status='lost'",
    ),
    (
        "Show the names of warehouses that shipped to Turin",
        "SELECT wh_name FROM tbl_warehouse w WHERE EXISTS (SELECT 1 FROM tbl_shipment s WHERE s.origin_wh_id=w.wh_id AND s.dest_city='Turin')",
    ),
    (
        "List shipments that have not been delivered",
        "SELECT shipment_id FROM tbl_shipment WHERE status<>'delivered'",
    ),
    (
        "What is the ratio of delivered shipments to lost shipments?",
        "SELECT count(*) FILTER (WHERE status='delivered')::numeric/count(*) FILTER (WHERE status='lost') FROM tbl_shipment",
    ),
    (
        "How many shipments were there per month?",
        "SELECT date_trunc('month',shipped_at), count(*) FROM tbl_shipment GROUP BY 1",
    ),
    (
        "Names of drivers with at least two shipments",
        "SELECT first_name,last_name FROM tbl_driver WHERE driver_id IN (SELECT driver_id FROM tbl_shipment GROUP BY 1 HAVING count(*)>=2)",
    ),
    (
        "What are the top 2 destination cities by total freight cost?",
        "SELECT dest_city, sum(freight_cost) FROM tbl_shipment GROUP BY 1 ORDER BY 2 DESC LIMIT 2",
    ),
    (
        "Who is the youngest driver?",
        "SELECT first_name,last_name FROM tbl_driver ORDER BY birth_date DESC LIMIT 1",
    ),
    (
        "Which vehicles can carry more than 10000 kg?",
        "SELECT vehicle_id FROM tbl_vehicle WHERE max_load_kg>10000",
    ),
    (
        "Shipments from North Hub in January 2024",
        "SELECT shipment_id FROM tbl_shipment WHERE origin_wh_id=1 AND shipped_at>='2024-01-01' AND shipped_at<'2024-02-01'",
    ),
)

LOGI_UNANSWERABLE: tuple[str, ...] = (
    "What is the fuel consumption of each vehicle?",
    "How many customers complained about late deliveries?",
)

SHOP_SCHEMA = """
CREATE TYPE order_status AS ENUM ('pending','paid','shipped','delivered','cancelled');
CREATE TABLE categories (id serial PRIMARY KEY, name text NOT NULL, parent_id int REFERENCES categories);
CREATE TABLE suppliers (id serial PRIMARY KEY, company_name text, country text);
CREATE TABLE products (id serial PRIMARY KEY, name text NOT NULL, category_id int REFERENCES categories, supplier_id int REFERENCES suppliers, price numeric(10,2) NOT NULL, stock_quantity int, active boolean DEFAULT true);
CREATE TABLE customers (id serial PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, email text, city text, state text, created_at timestamptz);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, ordered_at timestamptz NOT NULL, status order_status NOT NULL, total_amount numeric(10,2));
CREATE TABLE order_items (order_id int REFERENCES orders, product_id int REFERENCES products, quantity int, unit_price numeric(10,2), PRIMARY KEY (order_id, product_id));
CREATE TABLE users (id serial PRIMARY KEY, username text NOT NULL, email text, registered_at timestamptz);
CREATE TABLE reviews (id serial PRIMARY KEY, product_id int REFERENCES products, customer_id int REFERENCES customers, rating int, comment text, created_at timestamptz);
INSERT INTO categories VALUES (1,'Books',NULL),(2,'Toys',NULL),(3,'Novels',1);
INSERT INTO suppliers VALUES (1,'Acme','US'),(2,'Globex','DE');
INSERT INTO products VALUES (1,'Chess Set',2,1,29.5,10,true),(2,'Mystery Novel',3,2,9.99,0,true),(3,'Robot Kit',2,2,79,3,true),(123,'Lamp',NULL,1,49,7,false);
INSERT INTO customers VALUES (1,'Ada','Byron','ada@x.org','Sacramento','CA',now()-interval '400 days'),(2,'Alan','Hall','alan@x.org','Austin','TX',now()-interval '40 days'),(3,'Eva','Moss','eva@x.org','Fresno','CA',now()-interval '5 days'),(4,'Tom','Reed','tom@x.org','Dallas','TX',now());
INSERT INTO orders VALUES (1,1,now()-interval '300 days','delivered',59),(2,1,now()-interval '10 days','paid',79),(3,2,now()-interval '9 days','cancelled',9.99),(4,3,now()-interval '2 days','pending',29.5);
INSERT INTO order_items VALUES (1,1,2,29.5),(2,3,1,79),(3,2,1,9.99),(4,1,1,29.5);
INSERT INTO users VALUES (1,'ada',NULL,date_trunc('month',now())-interval '10 days'),(2,'bob',NULL,now()),(3,'cy',NULL,date_trunc('month',now())-interval '70 days');
INSERT INTO reviews VALUES (1,1,1,5,'great',now()),(2,1,2,3,'ok',now()),(3,3,1,4,'fun',now());
"""

SHOP: tuple[tuple[str, str], ...] = (
    (
        "Show me all customers from California",
        "SELECT * FROM customers WHERE state='CA'",
    ),
    (
        "How many users registered last month?",
        "SELECT count(*) FROM users WHERE registered_at>=date_trunc('month',current_date)-interval '1 month' AND registered_at<date_trunc('month',current_date)",
    ),
    (
        "Which customers have never ordered anything?",
        "SELECT first_name,last_name FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id=c.id)",
    ),
    (
        "Total sales per product",
        "SELECT p.name, sum(i.quantity*i.unit_price) FROM order_items i JOIN products p ON p.id=i.product_id GROUP BY p.id, p.name",
    ),
    (
        "What is the average rating of each product?",
        "SELECT p.name, avg(r.rating) FROM products p JOIN reviews r ON r.product_id=p.id GROUP BY p.id,p.name",
    ),
    (
        "Top 2 customers by total order amount",
        "SELECT c.first_name, c.last_name, sum(o.total_amount) FROM customers c JOIN orders o ON o.customer_id=c.id GROUP BY c.id ORDER BY 3 DESC LIMIT 2",
    ),
    (
        "How many orders are pending?",
        "SELECT count(*) FROM orders WHERE status='pending'",
    ),
    (
        "List products that are out of stock",
        "SELECT name FROM products WHERE stock_quantity=0",
    ),
    (
        "Which products cost more than $25?",
        "SELECT name FROM products WHERE price>25",
    ),
    (
        "Customers in Texas who ordered in the last 30 days",
        "SELECT first_name,last_name FROM customers c WHERE state='TX' AND EXISTS (SELECT 1 FROM orders o WHERE o.customer_id=c.id AND o.ordered_at>=current_date-interval '30 days')",
    ),
    (
        "What are the names of products supplied by Globex?",
        "SELECT name FROM products WHERE supplier_id=2",
    ),
    (
        "How many products are in each category?",
        "SELECT c.name, count(*) FROM products p JOIN categories c ON c.id=p.category_id GROUP BY c.id,c.name",
    ),
    (
        "Which product has the most reviews?",
        "SELECT name FROM products WHERE id=1",
    ),
    (
        "the most expensive product",
        "SELECT name FROM products WHERE id=3",
    ),
    (
        "emails of customers who bought the Chess Set",
        "SELECT email FROM customers WHERE id IN (1,3)",
    ),
    (
        "monthly order count",
        "SELECT date_trunc('month',ordered_at), count(*) FROM orders GROUP BY 1",
    ),
    (
        "Which customer has spent the most money?",
        "SELECT first_name,last_name FROM customers WHERE id=1",
    ),
    (
        "What share of orders was cancelled?",
        "SELECT avg((status='cancelled')::int) FROM orders",
    ),
    (
        "How many orders does Ada Byron have?",
        "SELECT 2",
    ),
    (
        "number of customers by state",
        "SELECT state, count(*) FROM customers GROUP BY state",
    ),
    (
        "orders placed by customers in Austin",
        "SELECT id FROM orders WHERE customer_id=2",
    ),
)

SHOP_UNANSWERABLE: tuple[str, ...] = (
    "Who won the world cup?",
    "What is the shoe size of our customers?",
)
