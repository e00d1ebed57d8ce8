"""A telephone company's billing, raw: no keys declared, names cut short."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE cust_mst (cust_id int, cust_nm text, seg_cd text, city text, st_cd text, act_dt date, term_dt date);
CREATE TABLE svc_plan (plan_cd text, plan_desc text, mth_fee numeric(8,2), data_gb int, plan_typ text);
CREATE TABLE subscr (sub_id int, cust_id int, plan_cd text, msisdn text, start_dt date, end_dt date, sts text);
CREATE TABLE usg_rec (usg_id int, sub_id int, usg_typ text, usg_ts timestamp, dur_sec int, mb_used numeric(10,2), chg_amt numeric(8,2));
CREATE TABLE inv_hdr (inv_no int, cust_id int, inv_dt date, due_dt date, tot_amt numeric(10,2), tax_amt numeric(10,2), inv_sts text);
CREATE TABLE pymt (pymt_id int, inv_no int, pymt_dt date, pymt_amt numeric(10,2), pymt_mthd text);
CREATE TABLE trbl_tkt (tkt_no int, cust_id int, opened_at timestamp, closed_at timestamp, prio text, cat text);
INSERT INTO cust_mst SELECT n, (array['Adler','Brandt','Conti','Duval','Egger','Fiore','Grant'])[1+n%7]||' '||n, (array['RES','BUS','GOV'])[1+(n*5)%3], (array['Denver','Boulder','Salem','Eugene','Provo'])[1+(n*3)%5], (array['CO','CO','OR','OR','UT'])[1+(n*3)%5], current_date-400-n*9, CASE WHEN n%6=0 THEN current_date-n*4 END FROM generate_series(1,90) n;
INSERT INTO svc_plan VALUES ('BSC','Basic Talk',19.9,2,'prepaid'),('FLX','Flex 20',34.5,20,'postpaid'),('UNL','Unlimited Plus',59,500,'postpaid'),('FAM','Family Share',89,100,'postpaid'),('IOT','Machine SIM',4.5,1,'prepaid'),('OLD','Legacy 99',12,0,'postpaid');
INSERT INTO subscr SELECT n, 1+least((n*7)%80,(n*11)%61), (array['BSC','FLX','UNL','FAM','IOT'])[1+floor(sqrt(n))::int%5], '+1555'||(10000+n), current_date-700+n*4, CASE WHEN n%5=0 THEN current_date-60+n%50 END, CASE WHEN n%5=0 THEN 'cancelled' WHEN n%9=0 THEN 'suspended' ELSE 'active' END FROM generate_series(1,140) n;
INSERT INTO usg_rec SELECT n, 1+(n*11)%130, (array['voice','sms','data'])[1+n%3], now()-n*interval '5 hours', CASE WHEN n%3=0 THEN 20+(n*17)%900 END, CASE WHEN n%3=2 THEN (n*13)%2500/3.0 END, (n*7)%40/8.0 FROM generate_series(1,900) n;
INSERT INTO inv_hdr SELECT n, 1+(n*3)%85, current_date-n*2, current_date-n*2+21, 20+(n*37)%310, (20+(n*37)%310)*0.08, CASE WHEN n<9 THEN 'OPEN' WHEN n%7=0 THEN 'OVERDUE' ELSE 'PAID' END FROM generate_series(1,260) n;
INSERT INTO pymt SELECT row_number() over (order by inv_no), inv_no, inv_dt+5+inv_no%25, tot_amt, (array['card','direct debit','cheque'])[1+floor(sqrt(inv_no))::int%3] FROM inv_hdr WHERE inv_sts='PAID';
INSERT INTO trbl_tkt SELECT n, 1+(n*5)%70, now()-n*interval '31 hours', CASE WHEN n%4<>0 THEN now()-n*interval '31 hours'+(n%9+1)*interval '3 hours' END, (array['high','medium','low'])[1+n%3], (array['billing','no signal','slow data','roaming'])[1+(n*3)%4] FROM generate_series(1,150) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many customers do we have in each segment?", "SELECT seg_cd, count(*) FROM cust_mst GROUP BY 1"),
    (
        "What is the total invoiced amount per month?",
        "SELECT date_trunc('month',inv_dt), sum(tot_amt) FROM inv_hdr GROUP BY 1;SELECT to_char(inv_dt,'YYYY-MM'), sum(tot_amt) FROM inv_hdr GROUP BY 1",
    ),
    (
        "Which plan has the most active subscriptions?",
        "SELECT plan_cd FROM subscr WHERE sts='active' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1;SELECT plan_desc FROM subscr s JOIN svc_plan p USING (plan_cd) WHERE sts='active' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "List the customers in Denver who have an overdue invoice.",
        "SELECT DISTINCT c.cust_id, c.cust_nm FROM cust_mst c JOIN inv_hdr i ON i.cust_id=c.cust_id WHERE c.city='Denver' AND i.inv_sts='OVERDUE';SELECT DISTINCT c.cust_nm FROM cust_mst c JOIN inv_hdr i ON i.cust_id=c.cust_id WHERE c.city='Denver' AND i.inv_sts='OVERDUE'",
    ),
    (
        "What percentage of invoices are overdue?",
        "SELECT 100.0*count(*) FILTER (WHERE inv_sts='OVERDUE')/count(*) FROM inv_hdr;SELECT 1.0*count(*) FILTER (WHERE inv_sts='OVERDUE')/count(*) FROM inv_hdr",
    ),
    (
        "What is the average time to close a trouble ticket for each category?",
        "SELECT cat, avg(closed_at-opened_at) FROM trbl_tkt GROUP BY 1;SELECT cat, avg(extract(epoch from closed_at-opened_at))/3600 FROM trbl_tkt GROUP BY 1;SELECT cat, avg(extract(epoch from closed_at-opened_at))/86400 FROM trbl_tkt GROUP BY 1",
    ),
    ("How many tickets are still open?", "SELECT count(*) FROM trbl_tkt WHERE closed_at IS NULL"),
    (
        "What are the top 5 customers by total payments?",
        "SELECT c.cust_nm, sum(pymt_amt) FROM pymt p JOIN inv_hdr i USING (inv_no) JOIN cust_mst c USING (cust_id) GROUP BY c.cust_id, 1 ORDER BY 2 DESC LIMIT 5",
    ),
    (
        "How many minutes of voice calls were made in the last 30 days?",
        "SELECT sum(dur_sec)/60.0 FROM usg_rec WHERE usg_typ='voice' AND usg_ts>=current_date-interval '30 days'",
    ),
    ("Average monthly fee of postpaid plans", "SELECT avg(mth_fee) FROM svc_plan WHERE plan_typ='postpaid'"),
    (
        "Which customers have never opened a ticket?",
        "SELECT cust_nm FROM cust_mst c WHERE NOT EXISTS (SELECT 1 FROM trbl_tkt t WHERE t.cust_id=c.cust_id)",
    ),
    (
        "How many subscriptions were cancelled last month?",
        "SELECT count(*) FROM subscr WHERE sts='cancelled' AND end_dt>=date_trunc('month',current_date)-interval '1 month' AND end_dt<date_trunc('month',current_date);SELECT count(*) FROM subscr WHERE end_dt>=date_trunc('month',current_date)-interval '1 month' AND end_dt<date_trunc('month',current_date)",
    ),
    (
        "Total data usage in MB by plan",
        "SELECT s.plan_cd, sum(mb_used) FROM usg_rec u JOIN subscr s USING (sub_id) GROUP BY 1;SELECT p.plan_desc, sum(mb_used) FROM usg_rec u JOIN subscr s USING (sub_id) JOIN svc_plan p USING (plan_cd) GROUP BY 1;SELECT s.plan_cd, sum(mb_used) FROM usg_rec u JOIN subscr s USING (sub_id) WHERE usg_typ='data' GROUP BY 1;SELECT p.plan_desc, sum(mb_used) FROM usg_rec u JOIN subscr s USING (sub_id) JOIN svc_plan p USING (plan_cd) WHERE usg_typ='data' GROUP BY 1",
    ),
    (
        "Plans that nobody subscribes to",
        "SELECT plan_desc FROM svc_plan p WHERE NOT EXISTS (SELECT 1 FROM subscr s WHERE s.plan_cd=p.plan_cd)",
    ),
    ("What is the most common payment method?", "SELECT pymt_mthd FROM pymt GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"),
    (
        "Number of new subscriptions per month in the past year",
        "SELECT date_trunc('month',start_dt), count(*) FROM subscr WHERE start_dt>=current_date-interval '1 year' GROUP BY 1;SELECT date_trunc('month',start_dt), count(*) FROM subscr WHERE start_dt>=current_date-interval '1 year' AND start_dt<=current_date GROUP BY 1;SELECT date_trunc('month',start_dt), count(*) FROM subscr WHERE start_dt>=date_trunc('month',current_date)-interval '1 year' GROUP BY 1",
    ),
    (
        "Which customers have more than 2 active subscriptions?",
        "SELECT c.cust_nm FROM cust_mst c JOIN subscr s USING (cust_id) WHERE sts='active' GROUP BY c.cust_id, 1 HAVING count(*)>2",
    ),
    (
        "What is the average invoice amount for business customers?",
        "SELECT avg(tot_amt) FROM inv_hdr i JOIN cust_mst c USING (cust_id) WHERE seg_cd='BUS'",
    ),
    (
        "How many days on average between invoice date and payment date?",
        "SELECT avg(pymt_dt-inv_dt) FROM pymt JOIN inv_hdr USING (inv_no)",
    ),
    (
        "For each state, how many high priority tickets were opened?",
        "SELECT st_cd, count(*) FROM trbl_tkt JOIN cust_mst USING (cust_id) WHERE prio='high' GROUP BY 1",
    ),
    (
        "What is the ratio of prepaid to postpaid plans?",
        "SELECT 1.0*count(*) FILTER (WHERE plan_typ='prepaid')/count(*) FILTER (WHERE plan_typ='postpaid') FROM svc_plan",
    ),
    (
        "Show unpaid invoices due before today",
        "SELECT inv_no FROM inv_hdr WHERE inv_sts<>'PAID' AND due_dt<current_date;SELECT inv_no FROM inv_hdr i WHERE due_dt<current_date AND NOT EXISTS (SELECT 1 FROM pymt p WHERE p.inv_no=i.inv_no)",
    ),
    (
        "What is the longest call in seconds?",
        "SELECT max(dur_sec) FROM usg_rec;SELECT max(dur_sec) FROM usg_rec WHERE usg_typ='voice'",
    ),
    ("Total tax collected this year", "SELECT sum(tax_amt) FROM inv_hdr WHERE inv_dt>=date_trunc('year',current_date)"),
    (
        "List each customer with the date of their most recent invoice",
        "SELECT c.cust_nm, max(inv_dt) FROM cust_mst c JOIN inv_hdr i USING (cust_id) GROUP BY c.cust_id, 1;SELECT c.cust_nm, max(inv_dt) FROM cust_mst c LEFT JOIN inv_hdr i USING (cust_id) GROUP BY c.cust_id, 1",
    ),
    (
        "How many distinct customers made a payment by cheque?",
        "SELECT count(DISTINCT cust_id) FROM pymt JOIN inv_hdr USING (inv_no) WHERE pymt_mthd='cheque'",
    ),
    (
        "What is the month over month change in total invoiced amount?",
        "SELECT date_trunc('month',inv_dt) m, sum(tot_amt)-lag(sum(tot_amt)) OVER (ORDER BY date_trunc('month',inv_dt)) FROM inv_hdr GROUP BY 1",
    ),
    (
        "Which city has the highest total payments?",
        "SELECT city FROM pymt JOIN inv_hdr USING (inv_no) JOIN cust_mst USING (cust_id) GROUP BY 1 ORDER BY sum(pymt_amt) DESC LIMIT 1",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "Which cell towers are congested?",
    "What handset models do our customers use?",
    "How many employees work in the call center?",
    "What is the average age of customers?",
    "Which competitor did the cancelled customers switch to?",
    "How many customers opted in to marketing emails?",
)
