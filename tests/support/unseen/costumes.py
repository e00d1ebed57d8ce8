"""A costume hire shop, raw and unkeyed, with questions in many shapes."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE costume (costume_id int, costume_name text, era text, size_cd text, daily_rate numeric(6,2), purchase_price numeric(8,2), purchased date, condition text);
CREATE TABLE client (client_id int, client_name text, client_type text, city text, since date, discount_pct numeric(4,1));
CREATE TABLE hire (hire_id int, client_id int, clerk_id int, out_date date, due_date date, back_date date, deposit numeric(8,2), hire_status text);
CREATE TABLE hire_item (hire_id int, costume_id int, days int, charge numeric(8,2), damaged boolean);
CREATE TABLE clerk (clerk_id int, clerk_name text, hired date, monthly_wage numeric(8,2), boss_id int);
CREATE TABLE cleaning (cleaning_id int, costume_id int, sent date, returned date, cleaner text, cost numeric(7,2));
CREATE TABLE fitting (fitting_id int, client_id int, clerk_id int, fitted_at timestamp, minutes int, note text);
INSERT INTO costume SELECT n, (array['Roman Toga','Pirate Coat','Ball Gown','Knight Armor','Flapper Dress','Monk Robe','Queen Cape','Jester Suit','Space Suit'])[1+n%9]||' '||n, (array['antique','baroque','medieval','modern'])[1+floor(sqrt(n*3))::int%4], (array['S','M','L','XL'])[1+(n*n+n/4)%4], 8+(n*7)%40, 60+(n*47)%700, date '2009-02-01'+n*61, (array['good','worn','new'])[1+floor(sqrt(n*2))::int%3] FROM generate_series(1,72) n;
INSERT INTO client SELECT n, (array['Lyric Theatre','Oak School','Film Unit 9','Miss Haye','Mr Dorn','Carnival Club','Opera North','Blue Studio','Town Players','Mrs Flint'])[1+n%10]||' '||n, (array['theatre','school','film','private'])[1+floor(sqrt(n*3))::int%4], (array['Leith','Perth','Oban'])[1+floor(sqrt(n))::int%3], date '2011-01-01'+n*101, (n%4)*5 FROM generate_series(1,40) n;
INSERT INTO clerk VALUES (1,'Vera Nash','2008-03-01',3100,NULL),(2,'Will Otis','2014-06-15',2600,1),(3,'Xenia Park','2018-09-01',2450,1),(4,'Yuri Quade','2022-02-01',2100,2),(5,'Zoe Reed','2024-08-01',1990,2);
INSERT INTO hire SELECT n, 1+floor(sqrt(n*5))::int%36, 1+floor(sqrt(n*2))::int%4, current_date-n*3, current_date-n*3+7, CASE WHEN n>5 AND n%13<>0 THEN current_date-n*3+2+n%12 END, 50+(n*31)%300, CASE WHEN n>5 AND n%13<>0 THEN 'returned' ELSE 'open' END FROM generate_series(1,190) n;
INSERT INTO hire_item SELECT 1+(n*3)%185, 1+floor(sqrt(n*11))::int%66, 1+n%9, 12+(n*19)%160, n%14=0 FROM generate_series(1,420) n;
INSERT INTO cleaning SELECT n, 1+(n*7)%60, current_date-n*4, CASE WHEN n>4 THEN current_date-n*4+3+n%6 END, (array['Fresh Ltd','Sud & Co'])[1+floor(sqrt(n))::int%2], 6+(n*11)%35 FROM generate_series(1,130) n;
INSERT INTO fitting SELECT n, 1+(n*5)%35, 1+floor(sqrt(n*3))::int%4, now()-n*interval '31 hours', 15+(n*7)%60, CASE WHEN n%4=0 THEN 'needs shortening' END FROM generate_series(1,120) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many costumes do we have from each era?", "SELECT era, count(*) FROM costume GROUP BY 1"),
    ("Which costumes are worn and cost more than 400 to buy?", "SELECT costume_name FROM costume WHERE condition='worn' AND purchase_price>400"),
    ("What is the most expensive medieval costume per day?", "SELECT costume_name FROM costume WHERE era='medieval' ORDER BY daily_rate DESC LIMIT 1"),
    ("Average daily rate by size", "SELECT size_cd, avg(daily_rate) FROM costume GROUP BY 1"),
    ("Clients from Oban with a discount", "SELECT client_name FROM client WHERE city='Oban' AND discount_pct>0"),
    ("How many hires are overdue?", "SELECT count(*) FROM hire WHERE back_date IS NULL AND due_date<current_date"),
    ("Which hires came back late?", "SELECT hire_id FROM hire WHERE back_date>due_date;SELECT * FROM hire WHERE back_date>due_date"),
    ("Total charges per client type", "SELECT client_type, sum(charge) FROM client JOIN hire USING (client_id) JOIN hire_item USING (hire_id) GROUP BY 1"),
    ("Top 5 clients by number of hires", "SELECT client_name, count(*) FROM client JOIN hire USING (client_id) GROUP BY client_id, 1 ORDER BY 2 DESC LIMIT 5;SELECT client_name FROM client JOIN hire USING (client_id) GROUP BY client_id, 1 ORDER BY count(*) DESC LIMIT 5"),
    ("Which costume was hired most often?", "SELECT costume_name FROM costume JOIN hire_item USING (costume_id) GROUP BY costume_id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Costumes that have never been hired", "SELECT costume_name FROM costume c WHERE NOT EXISTS (SELECT 1 FROM hire_item i WHERE i.costume_id=c.costume_id)"),
    ("Which costumes have never been cleaned?", "SELECT costume_name FROM costume c WHERE NOT EXISTS (SELECT 1 FROM cleaning i WHERE i.costume_id=c.costume_id)"),
    ("How many items were damaged?", "SELECT count(*) FROM hire_item WHERE damaged"),
    ("What percentage of hired items were damaged?", "SELECT 100.0*count(*) FILTER (WHERE damaged)/count(*) FROM hire_item;SELECT 1.0*count(*) FILTER (WHERE damaged)/count(*) FROM hire_item"),
    ("Who is the boss of Yuri Quade?", "SELECT b.clerk_name FROM clerk c JOIN clerk b ON b.clerk_id=c.boss_id WHERE c.clerk_name='Yuri Quade'"),
    ("Clerks who earn less than their boss", "SELECT c.clerk_name FROM clerk c JOIN clerk b ON b.clerk_id=c.boss_id WHERE c.monthly_wage<b.monthly_wage"),
    ("Number of hires handled by each clerk", "SELECT clerk_name, count(*) FROM clerk JOIN hire USING (clerk_id) GROUP BY clerk_id, 1;SELECT clerk_name, count(hire_id) FROM clerk LEFT JOIN hire USING (clerk_id) GROUP BY clerk_id, 1"),
    ("Which clerk has not handled any hire?", "SELECT clerk_name FROM clerk c WHERE NOT EXISTS (SELECT 1 FROM hire h WHERE h.clerk_id=c.clerk_id)"),
    ("Total cleaning cost by cleaner this year", "SELECT cleaner, sum(cost) FROM cleaning WHERE sent>=date_trunc('year',current_date) AND sent<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("How many days does a cleaning take on average?", "SELECT avg(returned-sent) FROM cleaning"),
    ("Costumes currently at the cleaner", "SELECT costume_name FROM costume c WHERE EXISTS (SELECT 1 FROM cleaning k WHERE k.costume_id=c.costume_id AND returned IS NULL)"),
    ("How many hires were there per month in the last year?", "SELECT date_trunc('month',out_date), count(*) FROM hire WHERE out_date>=current_date-interval '1 year' GROUP BY 1;SELECT date_trunc('month',out_date), count(*) FROM hire WHERE out_date>=date_trunc('year',current_date)-interval '1 year' AND out_date<date_trunc('year',current_date) GROUP BY 1"),
    ("Theatres that hired more than 20 items", "SELECT client_name FROM client JOIN hire USING (client_id) JOIN hire_item USING (hire_id) WHERE client_type='theatre' GROUP BY client_id, 1 HAVING count(*)>20"),
    ("What is the average deposit of open hires?", "SELECT avg(deposit) FROM hire WHERE hire_status='open'"),
    ("How long did fittings take on average per clerk?", "SELECT clerk_name, avg(minutes) FROM clerk JOIN fitting USING (clerk_id) GROUP BY clerk_id, 1"),
    ("Fittings longer than 60 minutes", "SELECT fitting_id FROM fitting WHERE minutes>60;SELECT * FROM fitting WHERE minutes>60"),
    ("Costumes bought in 2015", "SELECT costume_name FROM costume WHERE purchased>='2015-01-01' AND purchased<'2016-01-01'"),
    ("Which era earns the most?", "SELECT era FROM costume JOIN hire_item USING (costume_id) GROUP BY 1 ORDER BY sum(charge) DESC LIMIT 1"),
    ("Revenue per month this year", "SELECT date_trunc('month',out_date), sum(charge) FROM hire JOIN hire_item USING (hire_id) WHERE out_date>=date_trunc('year',current_date) AND out_date<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Clients who hired a baroque costume but no modern one", "SELECT client_name FROM client c WHERE EXISTS (SELECT 1 FROM hire h JOIN hire_item USING (hire_id) JOIN costume USING (costume_id) WHERE h.client_id=c.client_id AND era='baroque') AND NOT EXISTS (SELECT 1 FROM hire h JOIN hire_item USING (hire_id) JOIN costume USING (costume_id) WHERE h.client_id=c.client_id AND era='modern')"),
    ("The newest costume", "SELECT costume_name FROM costume ORDER BY purchased DESC LIMIT 1"),
    ("How many schools are our clients?", "SELECT count(*) FROM client WHERE client_type='school'"),
    ("List costume name and size of all new costumes sorted by name", "SELECT costume_name, size_cd FROM costume WHERE condition='new' ORDER BY 1"),
    ("What is the lowest purchase price of a costume in good condition?", "SELECT min(purchase_price) FROM costume WHERE condition='good'"),
    ("Which cities have at least 10 clients?", "SELECT city FROM client GROUP BY 1 HAVING count(*)>=10"),
    ("Clients since before 2014", "SELECT client_name FROM client WHERE since<'2014-01-01'"),
    ("Which costumes have earned more than they cost?", "SELECT costume_name FROM costume c WHERE purchase_price<(SELECT sum(charge) FROM hire_item i WHERE i.costume_id=c.costume_id)"),
    ("Number of fittings without a note", "SELECT count(*) FROM fitting WHERE note IS NULL"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "Which actors wore the costumes?",
    "What colour is each costume?",
    "Who sewed the Ball Gown?",
    "How many wigs do we own?",
    "What is the phone number of the clients?",
    "Which plays used our costumes?",
    "What rent do we pay for the shop?",
    "Which costumes are insured?",
    "How many customers came by bus?",
    "Which clerks were ill last week?",
    "What fabric is the Queen Cape made of?",
    "How many moths were found?",
)
