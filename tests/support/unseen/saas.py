"""Subscriptions to a web product, raw: keys by name only, several words for the same thing."""

# ruff: noqa: E501 - rows and gold SQL are read as tables, a line each

from __future__ import annotations

SCHEMA = """
CREATE TABLE accounts (account_id text, account_name text, industry text, country text, created_at timestamp, csm_name text, is_trial boolean);
CREATE TABLE app_users (user_uuid text, account_id text, email text, role text, signup_ts timestamp, last_login_ts timestamp, is_deactivated boolean);
CREATE TABLE plan_catalog (plan_key text, plan_title text, price_monthly numeric(8,2), price_yearly numeric(8,2), max_seats int);
CREATE TABLE subs (sub_key int, account_id text, plan_key text, billing_period text, started_on date, canceled_on date, mrr_usd numeric(10,2), cancel_reason text);
CREATE TABLE event_log (evt_id int, user_uuid text, evt_name text, evt_ts timestamp, platform text);
CREATE TABLE nps_resp (resp_id int, user_uuid text, score int, responded_on date, remark text);
CREATE TABLE support_tix (tix_id int, account_id text, opened_ts timestamp, first_reply_ts timestamp, solved_ts timestamp, severity int, csat int);
INSERT INTO accounts SELECT 'A'||n, (array['Blue','Iron','Maple','Nova','Quartz','Silver'])[1+n%6]||' '||(array['Works','Labs','Foods','Media'])[1+n%4]||' '||n, (array['retail','health','finance','education'])[1+floor(sqrt(n))::int%4], (array['Germany','Canada','Brazil','Japan','Kenya'])[1+(n*7)%5], now()-n*interval '9 days', (array['Lea','Milo','Nils'])[1+n%3], n%8=0 FROM generate_series(1,80) n;
INSERT INTO app_users SELECT 'u'||n, 'A'||(1+least((n*7)%76,(n*3)%61)), 'u'||n||'@acc.test', (array['admin','editor','viewer','viewer'])[1+n%4], now()-n*interval '55 hours', CASE WHEN n%7<>0 THEN now()-(n*n%200)*interval '11 hours' END, n%12=0 FROM generate_series(1,300) n;
INSERT INTO plan_catalog VALUES ('free','Free',0,0,3),('team','Team',29,290,15),('biz','Business',99,990,100),('ent','Enterprise',499,4990,5000),('beta','Early Access',9,90,5);
INSERT INTO subs SELECT n, 'A'||(1+(n*5)%78), (array['free','team','biz','ent'])[1+floor(sqrt(n))::int%4], (array['monthly','yearly'])[1+n%2], current_date-800+n*6, CASE WHEN n%6=0 THEN current_date-80+n%75 END, (array[0,29,99,499])[1+floor(sqrt(n))::int%4]*(1+n%3), CASE WHEN n%6=0 THEN (array['too expensive','missing features','switched'])[1+floor(sqrt(n))::int%3] END FROM generate_series(1,120) n;
INSERT INTO event_log SELECT n, 'u'||(1+(n*17)%280), (array['login','export','invite','report_view'])[1+(n*n)%5%4], now()-n*interval '90 minutes', (array['web','ios','android'])[1+(n*5)%3] FROM generate_series(1,1500) n;
INSERT INTO nps_resp SELECT n, 'u'||(1+n*3), (n*7)%11, current_date-n*4, CASE WHEN n%3=0 THEN 'remark '||n END FROM generate_series(1,90) n;
INSERT INTO support_tix SELECT n, 'A'||(1+(n*11)%60), now()-n*interval '40 hours', now()-n*interval '40 hours'+(1+n%13)*interval '20 minutes', CASE WHEN n%6<>0 THEN now()-n*interval '40 hours'+(2+n%30)*interval '2 hours' END, 1+n%4, CASE WHEN n%2=0 THEN 1+(n*3)%5 END FROM generate_series(1,160) n;
"""

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("How many accounts are on a trial?", "SELECT count(*) FROM accounts WHERE is_trial"),
    (
        "What is our total MRR from subscriptions that have not been canceled?",
        "SELECT sum(mrr_usd) FROM subs WHERE canceled_on IS NULL",
    ),
    (
        "Which industry has the most accounts?",
        "SELECT industry FROM accounts GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    ("New users per month", "SELECT date_trunc('month',signup_ts), count(*) FROM app_users GROUP BY 1"),
    (
        "What are the top 3 reasons for cancellation?",
        "SELECT cancel_reason, count(*) FROM subs WHERE cancel_reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 3",
    ),
    (
        "Average time to first reply by severity",
        "SELECT severity, avg(first_reply_ts-opened_ts) FROM support_tix GROUP BY 1",
    ),
    ("How many users have never logged in?", "SELECT count(*) FROM app_users WHERE last_login_ts IS NULL"),
    (
        "Which accounts have more than 4 users?",
        "SELECT account_name FROM accounts JOIN app_users USING (account_id) GROUP BY account_id, 1 HAVING count(*)>4",
    ),
    (
        "How many unique users triggered an export in the last 7 days?",
        "SELECT count(DISTINCT user_uuid) FROM event_log WHERE evt_name='export' AND evt_ts>=current_date-interval '7 days'",
    ),
    (
        "What is the average NPS score by country?",
        "SELECT country, avg(score) FROM nps_resp JOIN app_users USING (user_uuid) JOIN accounts USING (account_id) GROUP BY 1",
    ),
    (
        "What percentage of users are admins?",
        "SELECT 100.0*count(*) FILTER (WHERE role='admin')/count(*) FROM app_users;SELECT 1.0*count(*) FILTER (WHERE role='admin')/count(*) FROM app_users",
    ),
    ("List the accounts managed by Milo", "SELECT account_name FROM accounts WHERE csm_name='Milo'"),
    (
        "Which plans have no subscriptions?",
        "SELECT plan_title FROM plan_catalog p WHERE NOT EXISTS (SELECT 1 FROM subs s WHERE s.plan_key=p.plan_key)",
    ),
    (
        "How many subscriptions were canceled in the last 30 days?",
        "SELECT count(*) FROM subs WHERE canceled_on>=current_date-30",
    ),
    (
        "Total MRR by plan title, highest first",
        "SELECT plan_title, sum(mrr_usd) FROM subs JOIN plan_catalog USING (plan_key) GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "Show the 10 most recent support tickets with severity 1",
        "SELECT tix_id FROM support_tix WHERE severity=1 ORDER BY opened_ts DESC LIMIT 10",
    ),
    (
        "What is the average CSAT of accounts in finance?",
        "SELECT avg(csat) FROM support_tix JOIN accounts USING (account_id) WHERE industry='finance'",
    ),
    (
        "How many days after the account was created was the first subscription started, on average?",
        "SELECT avg(f-created_at::date) FROM (SELECT account_id, min(started_on) f FROM subs GROUP BY 1) s JOIN accounts USING (account_id);SELECT avg(f-created_at) FROM (SELECT account_id, min(started_on) f FROM subs GROUP BY 1) s JOIN accounts USING (account_id)",
    ),
    (
        "Which event is the most common on ios?",
        "SELECT evt_name FROM event_log WHERE platform='ios' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
    ),
    (
        "Number of events by platform yesterday",
        "SELECT platform, count(*) FROM event_log WHERE evt_ts>=current_date-1 AND evt_ts<current_date GROUP BY 1",
    ),
    (
        "Users who signed up this year and are deactivated",
        "SELECT email FROM app_users WHERE is_deactivated AND signup_ts>=date_trunc('year',current_date);SELECT user_uuid FROM app_users WHERE is_deactivated AND signup_ts>=date_trunc('year',current_date)",
    ),
    (
        "Number of yearly versus monthly subscriptions",
        "SELECT billing_period, count(*) FROM subs GROUP BY 1;SELECT count(*) FILTER (WHERE billing_period='yearly'), count(*) FILTER (WHERE billing_period='monthly') FROM subs",
    ),
    (
        "What is the number of tickets per account, including accounts without tickets?",
        "SELECT account_name, count(tix_id) FROM accounts LEFT JOIN support_tix USING (account_id) GROUP BY account_id, 1",
    ),
    (
        "Which customers pay more than 1000 MRR in total?",
        "SELECT account_name FROM accounts JOIN subs USING (account_id) GROUP BY account_id, 1 HAVING sum(mrr_usd)>1000",
    ),
    (
        "What is the average yearly price of plans with more than 10 seats?",
        "SELECT avg(price_yearly) FROM plan_catalog WHERE max_seats>10",
    ),
    (
        "How many accounts from Kenya or Brazil were created in the last 6 months?",
        "SELECT count(*) FROM accounts WHERE country IN ('Kenya','Brazil') AND created_at>=current_date-interval '6 months'",
    ),
    (
        "Rank the CSMs by the number of accounts they manage",
        "SELECT csm_name, count(*) FROM accounts GROUP BY 1 ORDER BY 2 DESC",
    ),
    (
        "Daily active users over the last 14 days",
        "SELECT evt_ts::date, count(DISTINCT user_uuid) FROM event_log WHERE evt_ts>=current_date-14 GROUP BY 1",
    ),
)

UNANSWERABLE: tuple[str, ...] = (
    "What is our server uptime this month?",
    "How much did we spend on advertising?",
    "Which sales rep closed the biggest deal?",
    "How many employees does each account have?",
    "What is the bounce rate of the landing page?",
    "Which coupon codes were used most?",
)
