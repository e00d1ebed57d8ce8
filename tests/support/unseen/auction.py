"""An auction house with keys and names in camel case, asked by its cataloguers."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE "Department" ("departmentId" int PRIMARY KEY, "departmentName" text, floor int);
CREATE TABLE "Specialist" ("specialistId" int PRIMARY KEY, "fullName" text, "departmentId" int REFERENCES "Department", "hireDate" date, "yearlySalary" int);
CREATE TABLE "Client" ("clientId" int PRIMARY KEY, "fullName" text, country text, gender text, "birthYear" int, "memberSince" date);
CREATE TABLE "Auction" ("auctionId" int PRIMARY KEY, title text, "saleDate" date, location text, "departmentId" int REFERENCES "Department", "buyersPremium" numeric(4,1));
CREATE TABLE "Lot" ("lotId" int PRIMARY KEY, "auctionId" int REFERENCES "Auction", "lotNumber" int, description text, category text, "sellerId" int REFERENCES "Client", "buyerId" int REFERENCES "Client", "lowEstimate" int, "highEstimate" int, "hammerPrice" int);
CREATE TABLE "Bid" ("bidId" int PRIMARY KEY, "lotId" int REFERENCES "Lot", "bidderId" int REFERENCES "Client", amount int, "placedAt" timestamp, channel text);
INSERT INTO "Department" VALUES (1,'Fine Art',2),(2,'Jewellery',1),(3,'Clocks',3),(4,'Rare Books',3),(5,'Wine',0);
INSERT INTO "Specialist" SELECT n, (array['Iris','Hugo','Maud','Levi','Nell','Otto','Ruth'])[1+n%7]||' '||(array['Baxter','Crane','Doyle','Ellery'])[1+n%4], 1+n%4, date '2006-04-01'+n*311, 38000+(n*7919)%52000 FROM generate_series(1,16) n;
INSERT INTO "Client" SELECT n, (array['Alma','Boris','Celia','Dirk','Elsa','Felix','Greta','Hans'])[1+n%8]||' '||(array['Vance','Weller','Young','Zeller','Abbot'])[1+n%5], (array['Britain','Germany','Italy','Japan','Canada'])[1+floor(sqrt(n))::int%5], (array['female','male'])[1+n%2], 1938+(n*17)%62, date '2009-02-01'+n*83 FROM generate_series(1,40) n;
INSERT INTO "Auction" SELECT n, (array['Spring Sale','Old Masters','Winter Evening','Collectors'' Day','Garden Sale'])[1+n%5]||' '||(2019+n%6), date '2019-03-15'+n*97, (array['London','Geneva','New York'])[1+(n*n)%5%3], 1+n%4, 18+(n%4)*2.5 FROM generate_series(1,20) n;
INSERT INTO "Lot" SELECT n, 1+(n*7)%18, n, 'Lot no. '||n, (array['painting','ring','clock','book','necklace','print'])[1+(n*5)%6], 1+(n*3)%21, CASE WHEN n%5<>0 THEN 8+(n*7)%29 END, 500+(n*397)%9000, (500+(n*397)%9000)*3/2, CASE WHEN n%5<>0 THEN (500+(n*397)%9000)*(70+(n*29)%110)/100 END FROM generate_series(1,140) n;
INSERT INTO "Bid" SELECT n, 1+(n*11)%132, 6+(n*n+n)%31, 300+(n*271)%8000, timestamp '2019-04-01 10:00'+n*interval '61 hours', (array['room','phone','online'])[1+(n*n)%7%3] FROM generate_series(1,420) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many clients come from Italy?", """SELECT count(*) FROM "Client" WHERE country='Italy'"""),
    ("How many male and female clients are there?", """SELECT gender, count(*) FROM "Client" GROUP BY 1;SELECT count(*) FILTER (WHERE gender='male'), count(*) FILTER (WHERE gender='female') FROM "Client\""""),
    ("List the full names of the specialists, from the longest serving to the newest.", """SELECT "fullName" FROM "Specialist" ORDER BY "hireDate\""""),
    ("What is the average yearly salary of specialists in each department?", """SELECT "departmentName", avg("yearlySalary") FROM "Specialist" JOIN "Department" USING ("departmentId") GROUP BY "departmentId", 1"""),
    ("Which departments have no specialists?", """SELECT "departmentName" FROM "Department" WHERE "departmentId" NOT IN (SELECT "departmentId" FROM "Specialist")"""),
    ("How many auctions took place in Geneva after 2020?", """SELECT count(*) FROM "Auction" WHERE location='Geneva' AND "saleDate">='2021-01-01'"""),
    ("Show the title and location of the most recent auction.", """SELECT title, location FROM "Auction" ORDER BY "saleDate" DESC LIMIT 1"""),
    ("Which lots sold for more than their high estimate?", """SELECT "lotId" FROM "Lot" WHERE "hammerPrice">"highEstimate\""""),
    ("How many lots were not sold?", """SELECT count(*) FROM "Lot" WHERE "buyerId" IS NULL"""),
    ("What is the highest hammer price for a painting?", """SELECT max("hammerPrice") FROM "Lot" WHERE category='painting'"""),
    ("Give me the total hammer price per auction, with the title of the auction.", """SELECT title, sum("hammerPrice") FROM "Lot" JOIN "Auction" USING ("auctionId") GROUP BY "auctionId", 1"""),
    ("Which category has the most lots?", """SELECT category FROM "Lot" GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"""),
    ("Which clients have never placed a bid?", """SELECT "fullName" FROM "Client" WHERE "clientId" NOT IN (SELECT "bidderId" FROM "Bid")"""),
    ("Find the names of clients who both sold and bought lots.", """SELECT "fullName" FROM "Client" WHERE "clientId" IN (SELECT "sellerId" FROM "Lot") AND "clientId" IN (SELECT "buyerId" FROM "Lot")"""),
    ("Which clients bought a ring but did not buy a clock?", """SELECT "fullName" FROM "Client" c WHERE EXISTS (SELECT 1 FROM "Lot" WHERE "buyerId"=c."clientId" AND category='ring') AND NOT EXISTS (SELECT 1 FROM "Lot" WHERE "buyerId"=c."clientId" AND category='clock')"""),
    ("How much did each buyer spend in total?", """SELECT "fullName", sum("hammerPrice") FROM "Lot" JOIN "Client" ON "buyerId"="clientId" GROUP BY "clientId", 1"""),
    ("How many lots did each seller offer?", """SELECT "fullName", count(*) FROM "Lot" JOIN "Client" ON "sellerId"="clientId" GROUP BY "clientId", 1"""),
    ("Show the name of the seller and the name of the buyer of lot number 17.", """SELECT s."fullName", b."fullName" FROM "Lot" JOIN "Client" s ON s."clientId"="sellerId" JOIN "Client" b ON b."clientId"="buyerId" WHERE "lotNumber"=17"""),
    ("What are the different bidding channels?", """SELECT DISTINCT channel FROM "Bid\""""),
    ("How many bids were placed online in 2020?", """SELECT count(*) FROM "Bid" WHERE channel='online' AND "placedAt">='2020-01-01' AND "placedAt"<'2021-01-01'"""),
    ("Which lots received more than 3 bids?", """SELECT "lotId" FROM "Bid" GROUP BY 1 HAVING count(*)>3"""),
    ("Which lots did nobody bid on?", """SELECT "lotId" FROM "Lot" WHERE "lotId" NOT IN (SELECT "lotId" FROM "Bid")"""),
    ("What is the average bid amount for each channel?", """SELECT channel, avg(amount) FROM "Bid" GROUP BY 1"""),
    ("List the 5 most expensive lots with their buyers.", """SELECT "lotId", "fullName" FROM "Lot" JOIN "Client" ON "buyerId"="clientId" WHERE "hammerPrice" IS NOT NULL ORDER BY "hammerPrice" DESC LIMIT 5"""),
    ("What percentage of lots were sold?", """SELECT 100.0*count("buyerId")/count(*) FROM "Lot";SELECT 1.0*count("buyerId")/count(*) FROM "Lot\""""),
    ("Who is the oldest client?", """SELECT "fullName" FROM "Client" ORDER BY "birthYear" LIMIT 1"""),
    ("Which specialists earn more than the average salary?", """SELECT "fullName" FROM "Specialist" WHERE "yearlySalary">(SELECT avg("yearlySalary") FROM "Specialist")"""),
    ("Show the number of clients per country, largest first.", """SELECT country, count(*) FROM "Client" GROUP BY 1 ORDER BY 2 DESC"""),
    ("Which countries have at least 6 clients?", """SELECT country FROM "Client" GROUP BY 1 HAVING count(*)>=6"""),
    ("Find the auctions run by the Clocks department.", """SELECT title FROM "Auction" JOIN "Department" USING ("departmentId") WHERE "departmentName"='Clocks'"""),
    ("How many specialists work in the Fine Art department?", """SELECT count(*) FROM "Specialist" JOIN "Department" USING ("departmentId") WHERE "departmentName"='Fine Art'"""),
    ("What is the difference between the highest and the lowest bid amount?", """SELECT max(amount)-min(amount) FROM "Bid\""""),
    ("Which lots were sold below their low estimate?", """SELECT "lotId" FROM "Lot" WHERE "hammerPrice"<"lowEstimate\""""),
    ("How many different clients bid in each auction?", """SELECT title, count(DISTINCT "bidderId") FROM "Bid" JOIN "Lot" USING ("lotId") JOIN "Auction" USING ("auctionId") GROUP BY "auctionId", 1"""),
    ("What is the name of the client who placed the most bids?", """SELECT "fullName" FROM "Bid" JOIN "Client" ON "bidderId"="clientId" GROUP BY "clientId", 1 ORDER BY count(*) DESC LIMIT 1"""),
    ("Which auctions were held in London or New York in 2022?", """SELECT title FROM "Auction" WHERE location IN ('London','New York') AND "saleDate">='2022-01-01' AND "saleDate"<'2023-01-01'"""),
    ("What is the total amount of lots bought by Japanese clients?", """SELECT sum("hammerPrice") FROM "Lot" JOIN "Client" ON "buyerId"="clientId" WHERE country='Japan'"""),
    ("How many auctions were there each year?", """SELECT extract(year from "saleDate"), count(*) FROM "Auction" GROUP BY 1;SELECT date_trunc('year',"saleDate"), count(*) FROM "Auction" GROUP BY 1"""),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which paintings are forgeries?",
    "How much did we pay for shipping the lots?",
    "What is the phone number of the oldest client?",
    "How many visitors came to the viewing days?",
    "Which lots were insured?",
    "Who wrote the rare books?",
    "What is the width of each painting?",
)
