"""A botanical garden shop and park: plants, beds, gardeners, sightings, tickets, school visits, with declared keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE families (id int PRIMARY KEY, latin_name text, common_name text);
CREATE TABLE greenhouses (id int PRIMARY KEY, name text, climate text, area_m2 int, built_in int);
CREATE TABLE gardeners (id int PRIMARY KEY, name text, specialty text, employed_since date, greenhouse_id int REFERENCES greenhouses);
CREATE TABLE plants (id int PRIMARY KEY, latin_name text, common_name text, family_id int REFERENCES families, greenhouse_id int REFERENCES greenhouses, height_cm int, planted_on date, endangered boolean, origin text);
CREATE TABLE waterings (id int PRIMARY KEY, plant_id int REFERENCES plants, gardener_id int REFERENCES gardeners, watered_at timestamp, litres numeric(5,1));
CREATE TABLE diseases (id int PRIMARY KEY, plant_id int REFERENCES plants, disease text, found_on date, cured_on date, severity int);
CREATE TABLE visits (id int PRIMARY KEY, visit_date date, ticket_type text, visitors int, revenue numeric(8,2));
CREATE TABLE donors (id int PRIMARY KEY, name text, city text, member_since date);
CREATE TABLE donations (id int PRIMARY KEY, donor_id int REFERENCES donors, amount numeric(8,2), given_on date, purpose text);
INSERT INTO families VALUES (1,'Rosaceae','rose family'),(2,'Orchidaceae','orchid family'),(3,'Cactaceae','cactus family'),(4,'Arecaceae','palm family'),(5,'Fabaceae','pea family');
INSERT INTO greenhouses VALUES (1,'Palm House','tropical',800,1898),(2,'Desert Dome','arid',350,1962),(3,'Orchid Wing','tropical',210,1985),(4,'Alpine Hall','cool',140,2004),(5,'New Lab','cool',90,2021);
INSERT INTO gardeners VALUES (1,'Ada Moor','palms','2003-04-01',1),(2,'Bert Klee','cacti','2011-09-01',2),(3,'Cleo Rank','orchids','2015-01-15',3),(4,'Dan Holt','roses','2019-07-01',1),(5,'Eve Linde','alpines','2020-03-01',4),(6,'Finn Oak','palms','2023-02-01',1);
INSERT INTO plants SELECT n, (array['Phoenix','Rosa','Opuntia','Vanda','Pisum','Cattleya'])[1+n%6]||' '||chr(96+n%26+1), (array['date palm','rose','prickly pear','blue orchid','pea','corsage orchid'])[1+n%6]||' '||n, (array[4,1,3,2,5,2])[1+n%6], 1+floor(sqrt(n*3))::int%4, 12+(n*47)%600, date '2001-03-01'+n*97, n%8=0, (array['Brazil','Mexico','India'])[1+floor(sqrt(n*2))::int%3] FROM generate_series(1,84) n;
INSERT INTO waterings SELECT n, 1+floor(sqrt(n*11))::int%78, 1+floor(sqrt(n*2))::int%5, now()-n*interval '7 hours', 1+(n*13)%90/10.0 FROM generate_series(1,500) n;
INSERT INTO diseases SELECT n, 1+(n*11)%60, (array['mildew','root rot','rust'])[1+floor(sqrt(n*2))::int%3], current_date-n*9, CASE WHEN n%3<>0 THEN current_date-n*9+5+n%12 END, 1+n%5 FROM generate_series(1,44) n;
INSERT INTO visits SELECT n, current_date-(n+1)/2, CASE WHEN n%2=0 THEN 'adult' ELSE 'child' END, 20+(n*31)%240, (20+(n*31)%240)*CASE WHEN n%2=0 THEN 9.5 ELSE 4 END FROM generate_series(1,400) n;
INSERT INTO donors SELECT n, (array['Hugo Bell','Ines Carr','Jan Dole','Kara Ebb','Leo Fry','Mia Goss','Nils Hay','Ona Ives'])[n], (array['Kiel','Bremen','Kiel','Jena','Kiel','Bremen','Jena','Kiel'])[n], date '2009-01-01'+n*400 FROM generate_series(1,8) n;
INSERT INTO donations SELECT n, 1+floor(sqrt(n*3))::int%7, 25+(n*61)%900, current_date-n*8, (array['roof','books','plants'])[1+floor(sqrt(n))::int%3] FROM generate_series(1,75) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many plants are endangered?", "SELECT count(*) FROM plants WHERE endangered"),
    ("What is the tallest plant?", "SELECT common_name FROM plants ORDER BY height_cm DESC LIMIT 1;SELECT latin_name FROM plants ORDER BY height_cm DESC LIMIT 1;SELECT latin_name, common_name FROM plants ORDER BY height_cm DESC LIMIT 1;SELECT id FROM plants ORDER BY height_cm DESC LIMIT 1"),
    ("Number of plants in each greenhouse", "SELECT g.name, count(*) FROM greenhouses g JOIN plants p ON p.greenhouse_id=g.id GROUP BY g.id, 1;SELECT g.name, count(p.id) FROM greenhouses g LEFT JOIN plants p ON p.greenhouse_id=g.id GROUP BY g.id, 1"),
    ("Which greenhouses have no plants?", "SELECT name FROM greenhouses g WHERE NOT EXISTS (SELECT 1 FROM plants p WHERE p.greenhouse_id=g.id)"),
    ("Names of the gardeners who work in the Palm House", "SELECT g.name FROM gardeners g JOIN greenhouses h ON h.id=greenhouse_id WHERE h.name='Palm House'"),
    ("How many litres of water did each gardener use?", "SELECT g.name, sum(litres) FROM gardeners g JOIN waterings w ON w.gardener_id=g.id GROUP BY g.id, 1"),
    ("Average height of the plants from Mexico", "SELECT avg(height_cm) FROM plants WHERE origin='Mexico'"),
    ("Which tropical greenhouses were built before 1950?", "SELECT name FROM greenhouses WHERE climate='tropical' AND built_in<1950"),
    ("How many visitors came last month?", "SELECT sum(visitors) FROM visits WHERE visit_date>=date_trunc('month',current_date)-interval '1 month' AND visit_date<date_trunc('month',current_date)"),
    ("Total revenue by ticket type", "SELECT ticket_type, sum(revenue) FROM visits GROUP BY 1"),
    ("Who gave the largest donation?", "SELECT d.name FROM donors d JOIN donations n ON n.donor_id=d.id ORDER BY amount DESC LIMIT 1"),
    ("Total donations per donor, highest first", "SELECT d.name, sum(amount) FROM donors d JOIN donations n ON n.donor_id=d.id GROUP BY d.id, 1 ORDER BY 2 DESC"),
    ("Which donors from Kiel have never donated?", "SELECT name FROM donors d WHERE city='Kiel' AND NOT EXISTS (SELECT 1 FROM donations n WHERE n.donor_id=d.id)"),
    ("How many diseases have not been cured?", "SELECT count(*) FROM diseases WHERE cured_on IS NULL"),
    ("Average number of days until a disease is cured", "SELECT avg(cured_on-found_on) FROM diseases"),
    ("List the plants that had root rot", "SELECT DISTINCT common_name FROM plants p JOIN diseases d ON d.plant_id=p.id WHERE disease='root rot';SELECT DISTINCT latin_name FROM plants p JOIN diseases d ON d.plant_id=p.id WHERE disease='root rot';SELECT DISTINCT p.id FROM plants p JOIN diseases d ON d.plant_id=p.id WHERE disease='root rot';SELECT DISTINCT latin_name, common_name FROM plants p JOIN diseases d ON d.plant_id=p.id WHERE disease='root rot'"),
    ("Which disease occurred most often?", "SELECT disease FROM diseases GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Monthly revenue this year", "SELECT date_trunc('month',visit_date), sum(revenue) FROM visits WHERE visit_date>=date_trunc('year',current_date) AND visit_date<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Gardeners employed since 2015 or later", "SELECT name FROM gardeners WHERE employed_since>='2015-01-01'"),
    ("How many plants of the rose family are there?", "SELECT count(*) FROM plants p JOIN families f ON f.id=family_id WHERE f.common_name='rose family'"),
    ("Number of plants per origin and family", "SELECT origin, f.common_name, count(*) FROM plants p JOIN families f ON f.id=family_id GROUP BY 1,2;SELECT origin, f.latin_name, count(*) FROM plants p JOIN families f ON f.id=family_id GROUP BY 1,2"),
    ("What share of donations was for the roof?", "SELECT 100.0*count(*) FILTER (WHERE purpose='roof')/count(*) FROM donations;SELECT 1.0*count(*) FILTER (WHERE purpose='roof')/count(*) FROM donations"),
    ("The 5 oldest plants", "SELECT common_name FROM plants ORDER BY planted_on LIMIT 5;SELECT latin_name FROM plants ORDER BY planted_on LIMIT 5;SELECT id FROM plants ORDER BY planted_on LIMIT 5;SELECT latin_name, common_name FROM plants ORDER BY planted_on LIMIT 5"),
    ("Which greenhouse is larger than 300 square metres and has an arid climate?", "SELECT name FROM greenhouses WHERE area_m2>300 AND climate='arid'"),
    ("How many plants did Cleo Rank water?", "SELECT count(DISTINCT plant_id) FROM waterings w JOIN gardeners g ON g.id=gardener_id WHERE g.name='Cleo Rank'"),
    ("On which day did we have the most visitors?", "SELECT visit_date FROM visits GROUP BY 1 ORDER BY sum(visitors) DESC LIMIT 1;SELECT visit_date FROM visits ORDER BY visitors DESC LIMIT 1"),
    ("Diseases with a severity of at least 4", "SELECT id FROM diseases WHERE severity>=4;SELECT disease FROM diseases WHERE severity>=4;SELECT id, disease FROM diseases WHERE severity>=4;SELECT DISTINCT disease FROM diseases WHERE severity>=4"),
    ("How many cacti or palms does the garden have?", "SELECT count(*) FROM plants p JOIN families f ON f.id=family_id WHERE f.common_name IN ('cactus family','palm family')"),
    ("Donors who gave more than 2000 in total", "SELECT d.name FROM donors d JOIN donations n ON n.donor_id=d.id GROUP BY d.id, 1 HAVING sum(amount)>2000"),
    ("Show all plants taller than 5 metres", "SELECT * FROM plants WHERE height_cm>500"),
    ("Waterings on 3 or more litres by Ada Moor this week", "SELECT w.id FROM waterings w JOIN gardeners g ON g.id=gardener_id WHERE g.name='Ada Moor' AND litres>=3 AND watered_at>=date_trunc('week',current_date) AND watered_at<date_trunc('week',current_date)+interval '1 week'"),
    ("What is the average donation?", "SELECT avg(amount) FROM donations"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "How many seeds were sold in the shop?",
    "Which plants are poisonous?",
    "What is the salary of the gardeners?",
    "How much fertiliser was used?",
    "Which schools booked a guided tour?",
    "What is the phone number of the donors?",
    "How many bees live in the garden?",
    "Which volunteers helped on Saturday?",
    "What does the cafe earn per day?",
    "Which greenhouse has broken windows?",
    "What is the humidity in the Orchid Wing?",
    "How many benches are there?",
)
