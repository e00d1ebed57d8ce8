"""An observatory: telescopes, instruments, astronomers, proposals, targets, observations and outages, with keys."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE institutes (id serial PRIMARY KEY, name text NOT NULL, country text NOT NULL);
CREATE TABLE astronomers (id serial PRIMARY KEY, name text NOT NULL, institute_id integer REFERENCES institutes(id), degree text, career_start integer);
CREATE TABLE telescopes (id serial PRIMARY KEY, name text NOT NULL, aperture_m numeric(4,1), site text, commissioned_year integer, is_robotic boolean);
CREATE TABLE instruments (id serial PRIMARY KEY, telescope_id integer REFERENCES telescopes(id), name text NOT NULL, kind text, cooled boolean);
CREATE TABLE proposals (id serial PRIMARY KEY, code text NOT NULL, title text, astronomer_id integer REFERENCES astronomers(id), submitted_on date, decision text, hours_requested integer, hours_granted integer, grade numeric(3,1));
CREATE TABLE targets (id serial PRIMARY KEY, designation text NOT NULL, object_class text, constellation text, magnitude numeric(4,1), distance_ly numeric(12,1));
CREATE TABLE observations (id serial PRIMARY KEY, proposal_id integer REFERENCES proposals(id), target_id integer REFERENCES targets(id), instrument_id integer REFERENCES instruments(id), started_at timestamp, exposure_s integer, quality text);
CREATE TABLE outages (id serial PRIMARY KEY, telescope_id integer REFERENCES telescopes(id), reason text, began_at timestamp, ended_at timestamp);
INSERT INTO institutes VALUES (1,'Leoni Institute','Italy'),(2,'Polar College','Norway'),(3,'Andes University','Chile'),(4,'Kyoto Sky Center','Japan'),(5,'Rhine Academy','Germany'),(6,'Milano Physics','Italy');
INSERT INTO astronomers SELECT n, (array['A. Rossi','B. Lindqvist','C. Vega','D. Mori','E. Kranz','F. Bianchi','G. Olsen','H. Soto','I. Tanaka','J. Weber','K. Greco','L. Berg','M. Paz','N. Abe','O. Stein','P. Riva'])[n], (array[1,2,3,4,5,1,2,3,4,5,1,2,3,4,1,1])[n], CASE WHEN n%4=0 THEN 'MSc' ELSE 'PhD' END, 1984+n*2 FROM generate_series(1,16) n;
INSERT INTO telescopes VALUES (1,'Falcon',8.2,'Cerro Alto',1999,false),(2,'Heron',3.6,'Cerro Alto',1977,false),(3,'Swift Eye',1.0,'La Loma',2012,true),(4,'Owl',2.2,'La Loma',1984,false),(5,'Wren',0.6,'Dry Mesa',2016,true);
INSERT INTO instruments VALUES (1,1,'GRATE','spectrograph',true),(2,1,'WIDECAM','camera',true),(3,2,'HARPO','spectrograph',false),(4,3,'QUICKCAM','camera',false),(5,4,'POLO','polarimeter',false),(6,4,'DEEPCAM','camera',true),(7,5,'MINICAM','camera',false),(8,2,'INFRA','camera',true);
INSERT INTO proposals SELECT n, 'P'||(1000+n), 'Study '||n, CASE WHEN n%12=5 THEN 3 ELSE 1+floor(sqrt(n*5))::int%14 END, current_date-n*16, (array['accepted','rejected','accepted','pending'])[1+(n*n+n/3)%4], 4+(n*7)%40, CASE WHEN (n*n+n/3)%4 IN (0,2) THEN 2+(n*5)%22 END, 1+(n*13)%40/10.0 FROM generate_series(1,72) n;
INSERT INTO targets SELECT n, 'T-'||(200+n*3), (array['galaxy','star','nebula','quasar'])[1+floor(sqrt(n*3))::int%4], (array['Orion','Lyra','Virgo','Cygnus','Draco'])[1+floor(sqrt(n*2))::int%5], 3+(n*29)%170/10.0, 12+(n*n*n)%90000 FROM generate_series(1,44) n;
INSERT INTO observations SELECT n, 1+(n*7)%66, 1+floor(sqrt(n*4))::int%40, (array[1,1,2,3,4,4,6,7,2,1])[1+(n*3)%10], now()-n*interval '17 hours', 60*(1+(n*11)%30), (array['good','good','fair','poor'])[1+floor(sqrt(n*3))::int%4] FROM generate_series(1,380) n;
INSERT INTO outages SELECT n, (array[1,2,2,3,4])[1+(n*n)%5], (array['weather','weather','power','mechanics'])[1+floor(sqrt(n*2))::int%4], now()-n*interval '61 hours', CASE WHEN n>2 THEN now()-n*interval '61 hours'+(2+n%13)*interval '1 hour' END FROM generate_series(1,60) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many telescopes are robotic?", "SELECT count(*) FROM telescopes WHERE is_robotic"),
    ("Which telescope has the largest aperture?", "SELECT name FROM telescopes ORDER BY aperture_m DESC LIMIT 1"),
    ("List the instruments of the Falcon telescope", "SELECT i.name FROM instruments i JOIN telescopes t ON t.id=telescope_id WHERE t.name='Falcon'"),
    ("How many proposals were accepted?", "SELECT count(*) FROM proposals WHERE decision='accepted'"),
    ("Number of targets per constellation", "SELECT constellation, count(*) FROM targets GROUP BY 1"),
    ("Names of the astronomers from Italian institutes", "SELECT a.name FROM astronomers a JOIN institutes i ON i.id=institute_id WHERE country='Italy'"),
    ("Which institutes have no astronomers?", "SELECT name FROM institutes i WHERE NOT EXISTS (SELECT 1 FROM astronomers a WHERE a.institute_id=i.id)"),
    ("Average hours requested by decision", "SELECT decision, avg(hours_requested) FROM proposals GROUP BY 1"),
    ("Total exposure time per instrument", "SELECT i.name, sum(exposure_s) FROM observations o JOIN instruments i ON i.id=instrument_id GROUP BY i.id, 1"),
    ("Which astronomer has submitted the most proposals?", "SELECT a.name FROM astronomers a JOIN proposals p ON p.astronomer_id=a.id GROUP BY a.id, 1 ORDER BY count(*) DESC LIMIT 1"),
    ("Galaxies brighter than magnitude 8", "SELECT designation FROM targets WHERE object_class='galaxy' AND magnitude<8"),
    ("How many observations of poor quality were made last month?", "SELECT count(*) FROM observations WHERE quality='poor' AND started_at>=date_trunc('month',current_date)-interval '1 month' AND started_at<date_trunc('month',current_date)"),
    ("What is the most distant target?", "SELECT designation FROM targets ORDER BY distance_ly DESC LIMIT 1"),
    ("Telescopes commissioned before 1990", "SELECT name FROM telescopes WHERE commissioned_year<1990"),
    ("Which targets have never been observed?", "SELECT designation FROM targets t WHERE NOT EXISTS (SELECT 1 FROM observations o WHERE o.target_id=t.id)"),
    ("How many cooled cameras are there?", "SELECT count(*) FROM instruments WHERE kind='camera' AND cooled"),
    ("Number of outages by reason", "SELECT reason, count(*) FROM outages GROUP BY 1"),
    ("Which telescopes had more than 10 outages?", "SELECT t.name FROM telescopes t JOIN outages o ON o.telescope_id=t.id GROUP BY t.id, 1 HAVING count(*)>10"),
    ("Average duration of outages per telescope", "SELECT t.name, avg(ended_at-began_at) FROM telescopes t JOIN outages o ON o.telescope_id=t.id GROUP BY t.id, 1;SELECT t.name, avg(extract(epoch from ended_at-began_at)) FROM telescopes t JOIN outages o ON o.telescope_id=t.id GROUP BY t.id, 1;SELECT t.name, avg(extract(epoch from ended_at-began_at))/3600 FROM telescopes t JOIN outages o ON o.telescope_id=t.id GROUP BY t.id, 1;SELECT t.name, avg(extract(epoch from ended_at-began_at))/86400 FROM telescopes t JOIN outages o ON o.telescope_id=t.id GROUP BY t.id, 1"),
    ("Proposals with a grade above 4", "SELECT code FROM proposals WHERE grade>4;SELECT title FROM proposals WHERE grade>4;SELECT id FROM proposals WHERE grade>4;SELECT id, title FROM proposals WHERE grade>4"),
    ("What percentage of proposals was rejected?", "SELECT 100.0*count(*) FILTER (WHERE decision='rejected')/count(*) FROM proposals;SELECT 1.0*count(*) FILTER (WHERE decision='rejected')/count(*) FROM proposals"),
    ("Observations per month this year", "SELECT date_trunc('month',started_at), count(*) FROM observations WHERE started_at>=date_trunc('year',current_date) AND started_at<date_trunc('year',current_date)+interval '1 year' GROUP BY 1"),
    ("Top 3 constellations by number of observations", "SELECT constellation, count(*) FROM targets t JOIN observations o ON o.target_id=t.id GROUP BY 1 ORDER BY 2 DESC LIMIT 3;SELECT constellation FROM targets t JOIN observations o ON o.target_id=t.id GROUP BY 1 ORDER BY count(*) DESC LIMIT 3"),
    ("How many astronomers without a PhD are there?", "SELECT count(*) FROM astronomers WHERE degree<>'PhD';SELECT count(*) FROM astronomers WHERE degree IS DISTINCT FROM 'PhD'"),
    ("Which astronomers observed Orion targets?", "SELECT DISTINCT a.name FROM astronomers a JOIN proposals p ON p.astronomer_id=a.id JOIN observations o ON o.proposal_id=p.id JOIN targets t ON t.id=o.target_id WHERE constellation='Orion'"),
    ("Total hours granted to each institute", "SELECT i.name, sum(hours_granted) FROM institutes i JOIN astronomers a ON a.institute_id=i.id JOIN proposals p ON p.astronomer_id=a.id GROUP BY i.id, 1"),
    ("What is the average magnitude of the stars in Lyra?", "SELECT avg(magnitude) FROM targets WHERE object_class='star' AND constellation='Lyra'"),
    ("Show code and title of the pending proposals, newest first", "SELECT code, title FROM proposals WHERE decision='pending' ORDER BY submitted_on DESC"),
    ("How many telescopes stand at each site?", "SELECT site, count(*) FROM telescopes GROUP BY 1"),
    ("Which outages are still going on?", "SELECT id FROM outages WHERE ended_at IS NULL"),
    ("Instruments used in more than 50 observations", "SELECT i.name FROM instruments i JOIN observations o ON o.instrument_id=i.id GROUP BY i.id, 1 HAVING count(*)>50"),
    ("Which proposals got fewer hours than they requested?", "SELECT code FROM proposals WHERE hours_granted<hours_requested;SELECT title FROM proposals WHERE hours_granted<hours_requested;SELECT id FROM proposals WHERE hours_granted<hours_requested;SELECT id, title FROM proposals WHERE hours_granted<hours_requested"),
)  # fmt: skip

UNANSWERABLE: tuple[str, ...] = (
    "How many papers came out of the accepted proposals?",
    "What did the new mirror cost?",
    "Which visitors booked a night tour?",
    "What is the email of the principal investigator?",
    "How humid was the dome last night?",
    "Which telescopes are insured?",
    "Who cleaned the spectrograph?",
    "How many exoplanets were discovered?",
    "What is the budget of the Polar College?",
    "List the spare parts on order",
)
