"""A music library with playlists and listeners, with keys and bridge tables."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE genres (genre_id int PRIMARY KEY, genre_name text);
CREATE TABLE labels (label_id int PRIMARY KEY, label_name text, city text, founded int);
CREATE TABLE bands (band_id int PRIMARY KEY, band_name text, hometown text, formed_in int, disbanded_in int);
CREATE TABLE musicians (musician_id int PRIMARY KEY, stage_name text, instrument text, born_on date);
CREATE TABLE band_members (band_id int REFERENCES bands, musician_id int REFERENCES musicians, joined_in int, PRIMARY KEY (band_id, musician_id));
CREATE TABLE albums (album_id int PRIMARY KEY, title text, band_id int REFERENCES bands, label_id int REFERENCES labels, release_year int, copies_sold int);
CREATE TABLE tracks (track_id int PRIMARY KEY, title text, album_id int REFERENCES albums, genre_id int REFERENCES genres, duration_seconds int, explicit boolean);
CREATE TABLE listeners (listener_id int PRIMARY KEY, username text, country text, premium boolean, joined_on date);
CREATE TABLE playlists (playlist_id int PRIMARY KEY, playlist_name text, listener_id int REFERENCES listeners);
CREATE TABLE playlist_tracks (playlist_id int REFERENCES playlists, track_id int REFERENCES tracks, PRIMARY KEY (playlist_id, track_id));
CREATE TABLE plays (play_id int PRIMARY KEY, track_id int REFERENCES tracks, listener_id int REFERENCES listeners, played_at timestamp);
INSERT INTO genres VALUES (1,'Rock'),(2,'Jazz'),(3,'Folk'),(4,'Techno'),(5,'Opera');
INSERT INTO labels VALUES (1,'Lantern Records','Bristol',1968),(2,'Northsound','Oslo',1994),(3,'Cellar','Berlin',2008),(4,'Paper Moon','Bristol',2020);
INSERT INTO bands VALUES (1,'The Gulls','Bristol',1971,1984),(2,'Cold Harbour','Oslo',1996,NULL),(3,'Tin Whistle','Galway',2003,NULL),(4,'Nachtzug','Berlin',2010,2019),(5,'Blue Ferry','Bristol',1988,2001),(6,'Saltmarsh','Norwich',2022,NULL);
INSERT INTO musicians SELECT n, (array['Ray','Sid','Tam','Ula','Viv','Wes'])[1+n%6]||' '||(array['Stone','Lark','Moss'])[1+n%3]||' '||n, (array['guitar','drums','bass','vocals'])[1+(n*3)%4], date '1950-01-01'+n*793 FROM generate_series(1,26) n;
INSERT INTO band_members SELECT DISTINCT ON (1,2) 1+n%5, 1+(n*7)%24, 1975+(n*5)%45 FROM generate_series(1,30) n;
INSERT INTO albums SELECT n, (array['Tides','Night Train','Ember','Low Sun','Drift'])[1+n%5]||' '||n, 1+(n*3)%5, 1+(n*n)%5%3, 1972+(n*7)%50, 1000+(n*7919)%90000 FROM generate_series(1,24) n;
INSERT INTO tracks SELECT n, (array['Rain','Stairs','Glass','Copper','Wolf','Harbour'])[1+n%6]||' '||n, 1+least((n*5)%22,(n*3)%19), 1+(n*n)%7%4, 95+(n*31)%340, n%9=0 FROM generate_series(1,160) n;
INSERT INTO listeners SELECT n, 'user'||n, (array['Ireland','Norway','Chile','Germany'])[1+floor(sqrt(n))::int%4], n%3=0, date '2021-01-01'+n*17 FROM generate_series(1,60) n;
INSERT INTO playlists SELECT n, (array['Morning','Gym','Road','Sleep'])[1+n%4]||' mix '||n, 1+(n*7)%50 FROM generate_series(1,40) n;
INSERT INTO playlist_tracks SELECT DISTINCT 1+(n*3)%38, 1+(n*11)%140 FROM generate_series(1,260) n;
INSERT INTO plays SELECT n, 1+least((n*7)%149,(n*11)%131,(n*17)%120), 1+(n*13)%58, timestamp '2024-03-01'+n*interval '7 hours' FROM generate_series(1,700) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many albums are there?", "SELECT count(*) FROM albums"),
    (
        "List the titles of albums released after 2000, newest first.",
        "SELECT title FROM albums WHERE release_year>2000 ORDER BY release_year DESC",
    ),
    ("What are the names of the bands from Bristol?", "SELECT band_name FROM bands WHERE hometown='Bristol'"),
    ("Which bands are still together?", "SELECT band_name FROM bands WHERE disbanded_in IS NULL"),
    (
        "What is the title and duration of the longest track?",
        "SELECT title, duration_seconds FROM tracks ORDER BY duration_seconds DESC LIMIT 1",
    ),
    (
        "Show the number of tracks in each genre.",
        "SELECT genre_name, count(*) FROM tracks JOIN genres USING (genre_id) GROUP BY 1",
    ),
    (
        "Which genres have no tracks?",
        "SELECT genre_name FROM genres WHERE genre_id NOT IN (SELECT genre_id FROM tracks)",
    ),
    (
        "What are the stage names of the members of Tin Whistle?",
        "SELECT stage_name FROM musicians JOIN band_members USING (musician_id) JOIN bands USING (band_id) WHERE band_name='Tin Whistle'",
    ),
    (
        "Which musicians play in more than one band?",
        "SELECT stage_name FROM musicians JOIN band_members USING (musician_id) GROUP BY musician_id HAVING count(*)>1",
    ),
    (
        "How many copies did each band sell in total?",
        "SELECT band_name, sum(copies_sold) FROM albums JOIN bands USING (band_id) GROUP BY 1",
    ),
    (
        "Find the label that released the most albums.",
        "SELECT label_name FROM albums JOIN labels USING (label_id) GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Which label has released no album?",
        "SELECT label_name FROM labels WHERE label_id NOT IN (SELECT label_id FROM albums)",
    ),
    (
        "What is the average track duration for each genre?",
        "SELECT genre_name, avg(duration_seconds) FROM tracks JOIN genres USING (genre_id) GROUP BY 1",
    ),
    ("How many explicit tracks are there?", "SELECT count(*) FROM tracks WHERE explicit"),
    (
        "What are the names of bands that have made both Rock and Jazz tracks?",
        "SELECT band_name FROM bands WHERE band_id IN (SELECT band_id FROM albums JOIN tracks USING (album_id) JOIN genres USING (genre_id) WHERE genre_name='Rock') AND band_id IN (SELECT band_id FROM albums JOIN tracks USING (album_id) JOIN genres USING (genre_id) WHERE genre_name='Jazz')",
    ),
    (
        "What is the most played track?",
        "SELECT title FROM plays JOIN tracks USING (track_id) GROUP BY track_id, 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "How many premium listeners are from Norway?",
        "SELECT count(*) FROM listeners WHERE premium AND country='Norway'",
    ),
    (
        "Which listeners have not created a playlist?",
        "SELECT username FROM listeners WHERE listener_id NOT IN (SELECT listener_id FROM playlists)",
    ),
    (
        "Show the name of each playlist and the number of tracks in it.",
        "SELECT playlist_name, count(*) FROM playlists JOIN playlist_tracks USING (playlist_id) GROUP BY playlist_id;SELECT playlist_name, count(track_id) FROM playlists LEFT JOIN playlist_tracks USING (playlist_id) GROUP BY playlist_id",
    ),
    ("What are the different instruments that musicians play?", "SELECT DISTINCT instrument FROM musicians"),
    (
        "Which country has the most listeners?",
        "SELECT country FROM listeners GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Find the titles of tracks that are longer than 5 minutes.",
        "SELECT title FROM tracks WHERE duration_seconds>300",
    ),
    (
        "What is the total number of copies sold of albums released by Northsound?",
        "SELECT sum(copies_sold) FROM albums JOIN labels USING (label_id) WHERE label_name='Northsound'",
    ),
    (
        "Which album has the most tracks? Show its title and the number of tracks.",
        "SELECT albums.title, count(*) FROM tracks JOIN albums USING (album_id) GROUP BY album_id, 1 ORDER BY 2 DESC LIMIT 1",
    ),
    (
        "List the usernames of listeners who played a track by Cold Harbour.",
        "SELECT username FROM listeners WHERE listener_id IN (SELECT listener_id FROM plays JOIN tracks USING (track_id) JOIN albums USING (album_id) JOIN bands USING (band_id) WHERE band_name='Cold Harbour');SELECT username FROM listeners JOIN plays USING (listener_id) JOIN tracks USING (track_id) JOIN albums USING (album_id) JOIN bands USING (band_id) WHERE band_name='Cold Harbour'",
    ),
    (
        "What are the albums that sold more copies than the average album?",
        "SELECT title FROM albums WHERE copies_sold>(SELECT avg(copies_sold) FROM albums)",
    ),
    (
        "How many plays were there in May 2024?",
        "SELECT count(*) FROM plays WHERE played_at>='2024-05-01' AND played_at<'2024-06-01'",
    ),
    (
        "In which cities is there both a label and a band?",
        "SELECT city FROM labels INTERSECT SELECT hometown FROM bands",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "What are the lyrics of each track?",
    "Who produced the album Ember 2?",
    "How many concerts did Cold Harbour give?",
    "Which tracks won an award?",
    "What is the email of user5?",
    "How much royalty was paid to each band?",
)
