-- Saved questions.

-- name: add_question
insert into pgwarden_control.saved_question (id, owner, name, shared_with, changed_at, revision, words, content)
values (%(id)s, %(owner)s, %(name)s, %(shared_with)s, %(changed_at)s, %(revision)s, %(words)s, %(content)s)
on conflict do nothing

-- name: replace_question
update pgwarden_control.saved_question
set name = %(name)s, shared_with = %(shared_with)s, changed_at = %(changed_at)s, revision = %(revision)s,
    words = %(words)s, content = %(content)s
where id = %(id)s and revision = %(revision)s - 1

-- name: question
select content::text from pgwarden_control.saved_question where id = %(id)s

-- name: find_questions
select content::text
from pgwarden_control.saved_question
where (owner = %(owner)s or (shared_with <> '' and shared_with = any(%(shares)s::text[])))
  and strpos(words, %(text)s) > 0
order by changed_at desc, id
limit %(limit)s

-- name: remove_question
delete from pgwarden_control.saved_question where id = %(id)s

-- name: question_deliveries
select person from pgwarden_control.saved_question_delivery where question = %(id)s and due = %(due)s

-- name: note_question_delivery
insert into pgwarden_control.saved_question_delivery (question, due, person, at)
select %(id)s, %(due)s, %(person)s, %(at)s
where exists (select from pgwarden_control.saved_question where id = %(id)s)
on conflict do nothing
