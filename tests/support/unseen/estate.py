"""Estate agencies: properties, owners, viewings, offers and sales, with keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE Agencies (AgencyID int PRIMARY KEY, AgencyName text, Town text, Phone text);
CREATE TABLE Agents (AgentID int PRIMARY KEY, AgentName text, AgencyID int REFERENCES Agencies, HireDate date, BaseSalary numeric(10,2));
CREATE TABLE Owners (OwnerID int PRIMARY KEY, OwnerName text, Email text, Town text);
CREATE TABLE Property_Types (TypeCode text PRIMARY KEY, TypeDescription text);
CREATE TABLE Properties (PropertyID int PRIMARY KEY, Address text, Town text, TypeCode text REFERENCES Property_Types, OwnerID int REFERENCES Owners, AgentID int REFERENCES Agents, Bedrooms int, AreaSqm int, AskingPrice numeric(12,2), ListedOn date, HasGarden boolean);
CREATE TABLE Buyers (BuyerID int PRIMARY KEY, BuyerName text, MaxBudget numeric(12,2));
CREATE TABLE Viewings (ViewingID int PRIMARY KEY, PropertyID int REFERENCES Properties, BuyerID int REFERENCES Buyers, ViewedOn date, Rating int);
CREATE TABLE Sales (SaleID int PRIMARY KEY, PropertyID int REFERENCES Properties, BuyerID int REFERENCES Buyers, SoldOn date, SalePrice numeric(12,2));
INSERT INTO Agencies VALUES (1,'Hearth & Home','Leeds','0113'),(2,'Keystone','York','0190'),(3,'Moorland','Hull','0148'),(4,'Attic','Leeds','0114');
INSERT INTO Agents VALUES (1,'Amy Stott','1','2012-03-01',31000),(2,'Brian Tull',1,'2018-07-01',27000),(3,'Chloe Udall',2,'2009-01-15',35500),(4,'Dev Varma',2,'2020-10-01',26000),(5,'Esme Wray',3,'2016-05-20',29500),(6,'Fred Yates',3,'2023-02-01',24000),(7,'Gus Zorn',1,'2014-08-01',28000);
INSERT INTO Owners SELECT n, (array['Gill','Hugh','Ivy','Joan'])[1+n%4]||' '||(array['Abbot','Booth','Crane'])[1+n%3]||' '||n, CASE WHEN n%4<>0 THEN 'o'||n||'@home.test' END, (array['Leeds','York','Hull','Ripon'])[1+(n*3)%4] FROM generate_series(1,30) n;
INSERT INTO Property_Types VALUES ('HSE','Detached House'),('FLT','Flat'),('BGW','Bungalow'),('FRM','Farm');
INSERT INTO Properties SELECT n, n||' '||(array['Elm','Mill','Station','Church'])[1+n%4]||' Road', (array['Leeds','York','Hull'])[1+(n*5)%3], (array['HSE','FLT','BGW'])[1+(n*n)%7%3], 1+(n*7)%27, 1+n%5, 1+(n*3)%5, 40+(n*17)%180, 90000+(n*7919)%410000, date '2023-01-01'+n*5, n%3=0 FROM generate_series(1,64) n;
INSERT INTO Buyers SELECT n, (array['Kit','Liv','Max','Nan','Oz'])[1+n%5]||' '||(array['Dale','Ford','Hill'])[1+n%3]||' '||n, 120000+(n*12345)%400000 FROM generate_series(1,36) n;
INSERT INTO Viewings SELECT n, 1+least((n*7)%58,(n*11)%51,(n*3)%44), 1+(n*5)%33, date '2023-02-01'+n*2, 1+(n*3)%5 FROM generate_series(1,140) n;
INSERT INTO Sales SELECT n, n*2, 1+(n*11)%30, date '2023-04-01'+n*11, 85000+(n*2*7919)%400000 FROM generate_series(1,26) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many properties are there in each town?", "SELECT Town, count(*) FROM Properties GROUP BY 1"),
    ("What are the addresses of the properties with a garden?", "SELECT Address FROM Properties WHERE HasGarden"),
    (
        "Find the address and asking price of the cheapest property.",
        "SELECT Address, AskingPrice FROM Properties ORDER BY AskingPrice LIMIT 1",
    ),
    ("List the names of all agents ordered by hire date.", "SELECT AgentName FROM Agents ORDER BY HireDate"),
    (
        "What is the average asking price of flats?",
        "SELECT avg(AskingPrice) FROM Properties JOIN Property_Types USING (TypeCode) WHERE TypeDescription='Flat'",
    ),
    (
        "Which agency has the most agents?",
        "SELECT AgencyName FROM Agents JOIN Agencies USING (AgencyID) GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Show the names of agencies that have no agents.",
        "SELECT AgencyName FROM Agencies WHERE AgencyID NOT IN (SELECT AgencyID FROM Agents)",
    ),
    (
        "Which owners have more than two properties?",
        "SELECT OwnerName FROM Owners JOIN Properties USING (OwnerID) GROUP BY OwnerID HAVING count(*)>2",
    ),
    ("How many owners have no email?", "SELECT count(*) FROM Owners WHERE Email IS NULL"),
    (
        "What is the total sale price of properties sold by each agent?",
        "SELECT AgentName, sum(SalePrice) FROM Sales JOIN Properties USING (PropertyID) JOIN Agents USING (AgentID) GROUP BY 1",
    ),
    (
        "Which properties have not been sold?",
        "SELECT Address FROM Properties WHERE PropertyID NOT IN (SELECT PropertyID FROM Sales)",
    ),
    (
        "Find the names of buyers who viewed a property but did not buy any.",
        "SELECT BuyerName FROM Buyers WHERE BuyerID IN (SELECT BuyerID FROM Viewings) AND BuyerID NOT IN (SELECT BuyerID FROM Sales)",
    ),
    (
        "What is the average rating of viewings for each property type?",
        "SELECT TypeDescription, avg(Rating) FROM Viewings JOIN Properties USING (PropertyID) JOIN Property_Types USING (TypeCode) GROUP BY 1;SELECT TypeCode, avg(Rating) FROM Viewings JOIN Properties USING (PropertyID) GROUP BY 1",
    ),
    (
        "Which property was viewed the most often?",
        "SELECT Address FROM Viewings JOIN Properties USING (PropertyID) GROUP BY PropertyID, Address ORDER BY count(*) DESC LIMIT 1;SELECT PropertyID FROM Viewings GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    ("List the distinct towns where owners live.", "SELECT DISTINCT Town FROM Owners"),
    ("Which towns have owners but no agency?", "SELECT Town FROM Owners EXCEPT SELECT Town FROM Agencies"),
    ("What are the names of buyers with a budget above 400000?", "SELECT BuyerName FROM Buyers WHERE MaxBudget>400000"),
    (
        "Find the agents who earn more than the average base salary.",
        "SELECT AgentName FROM Agents WHERE BaseSalary>(SELECT avg(BaseSalary) FROM Agents)",
    ),
    (
        "How many properties with at least 3 bedrooms does Keystone offer?",
        "SELECT count(*) FROM Properties JOIN Agents USING (AgentID) JOIN Agencies USING (AgencyID) WHERE AgencyName='Keystone' AND Bedrooms>=3",
    ),
    (
        "What is the maximum and minimum area of bungalows?",
        "SELECT max(AreaSqm), min(AreaSqm) FROM Properties JOIN Property_Types USING (TypeCode) WHERE TypeDescription='Bungalow'",
    ),
    (
        "Show the sale price and the asking price of every sold property.",
        "SELECT SalePrice, AskingPrice FROM Sales JOIN Properties USING (PropertyID)",
    ),
    (
        "Which properties were sold for more than the asking price?",
        "SELECT Address FROM Sales JOIN Properties USING (PropertyID) WHERE SalePrice>AskingPrice;SELECT PropertyID FROM Sales JOIN Properties USING (PropertyID) WHERE SalePrice>AskingPrice",
    ),
    (
        "Find the name of the owner of the most expensive property.",
        "SELECT OwnerName FROM Properties JOIN Owners USING (OwnerID) ORDER BY AskingPrice DESC LIMIT 1",
    ),
    (
        "How many sales were there in 2023?",
        "SELECT count(*) FROM Sales WHERE SoldOn>='2023-01-01' AND SoldOn<'2024-01-01'",
    ),
    (
        "What are the property types for which there are more than 15 properties?",
        "SELECT TypeDescription FROM Properties JOIN Property_Types USING (TypeCode) GROUP BY 1 HAVING count(*)>15;SELECT TypeCode FROM Properties GROUP BY 1 HAVING count(*)>15",
    ),
    (
        "Show the names of agents who have listed both flats and bungalows.",
        "SELECT AgentName FROM Agents WHERE AgentID IN (SELECT AgentID FROM Properties WHERE TypeCode='FLT') AND AgentID IN (SELECT AgentID FROM Properties WHERE TypeCode='BGW')",
    ),
    ("What is the average area per number of bedrooms?", "SELECT Bedrooms, avg(AreaSqm) FROM Properties GROUP BY 1"),
    ("Which agent has the lowest base salary?", "SELECT AgentName FROM Agents ORDER BY BaseSalary LIMIT 1"),
)

UNANSWERABLE: tuple[str, ...] = (
    "Which properties have a swimming pool?",
    "What mortgage rate did each buyer get?",
    "How many tenants live in the flats?",
    "What is the commission of each agent?",
    "Which schools are near 5 Elm Road?",
    "What is the council tax band of each property?",
)
