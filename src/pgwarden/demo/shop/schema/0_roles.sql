-- Two roles without a login of their own: the owner of everything here, and a reader with the least rights.
-- A role that another session makes at the same moment is just as good.

do $$
declare
    wanted text;
begin
    foreach wanted in array array['shop_owner', 'shop_reader'] loop
        begin
            execute format('create role %I nologin', wanted);
        exception
            when duplicate_object or unique_violation then null;
        end;
    end loop;
    execute format('alter database %I owner to shop_owner', current_database());
    execute format('grant connect on database %I to shop_reader', current_database());
end
$$;

grant create, usage on schema public to shop_owner;
