"""What is known about PostgreSQL's own functions and relations beyond what the catalogs declare.

The rule: a built-in function that is IMMUTABLE or STABLE only computes, unless it is named in ``REFUSED``;
a VOLATILE one is refused unless it is named in ``HARMLESS``. A test walks the catalogs of live servers and fails
when a volatile function is in neither list. Names without a list of argument types speak of all overloads.
"""

from __future__ import annotations

from fnmatch import fnmatchcase


def _named(why: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), why)


REFUSED: dict[str, str] = {
    **_named("changes a sequence", "nextval setval"),
    **_named("runs SQL that is given as text", "query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat"),
    **_named("reads a whole cursor that was opened elsewhere", "cursor_to_xml cursor_to_xmlschema"),
    **_named(
        "reads tables that it is told by name, past every check on tables",
        """table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema
        schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema""",
    ),
    **_named("keeps the server waiting", "pg_sleep pg_sleep_for pg_sleep_until"),
    **_named("changes the settings of the session", "set_config"),
    **_named("changes the random numbers of the session", "setseed"),
    **_named(
        "takes or drops advisory locks",
        """pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all
        pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
        pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared""",
    ),
    **_named("sends a notification to other sessions", "pg_notify"),
    **_named(
        "reads or writes large objects",
        """lo_close lo_creat lo_create lo_export lo_from_bytea lo_get lo_import lo_lseek lo_lseek64 lo_open lo_put
        lo_tell lo_tell64 lo_truncate lo_truncate64 lo_unlink loread lowrite""",
    ),
    **_named(
        "reads files of the server",
        """pg_read_file pg_read_binary_file pg_read_file_old pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir
        pg_ls_tmpdir pg_ls_archive_statusdir pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir
        pg_ls_summariesdir pg_current_logfile pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings
        pg_get_loaded_modules pg_wal_summary_contents pg_available_wal_summaries""",
    ),
    **_named(
        "shows what other sessions do",
        """pg_stat_get_activity pg_stat_get_backend_activity pg_stat_get_backend_client_addr
        pg_stat_get_backend_client_port pg_stat_get_backend_userid pg_stat_get_backend_start
        pg_stat_get_backend_activity_start pg_stat_get_backend_xact_start pg_stat_get_backend_dbid
        pg_stat_get_wal_senders pg_stat_get_wal_receiver pg_isolation_test_session_is_blocked""",
    ),
    **_named("may show secret settings", "pg_show_all_settings"),
    **_named("shows sampled values of columns", "pg_mcv_list_items"),
    **_named("assigns a transaction number, which a read must not", "pg_current_xact_id txid_current pg_nextoid"),
    **_named("lets other sessions into this transaction's view", "pg_export_snapshot"),
    **_named(
        "acts on other sessions or on the server",
        """pg_cancel_backend pg_terminate_backend pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_promote
        pg_log_backend_memory_contexts pg_log_standby_snapshot pg_switch_wal pg_create_restore_point
        pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_wal_replay_pause pg_wal_replay_resume
        pg_stop_making_pinned_objects pg_import_system_collations pg_extension_config_dump""",
    ),
    **_named(
        "acts on replication",
        """pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_create_logical_replication_slot
        pg_create_physical_replication_slot pg_drop_replication_slot pg_logical_emit_message
        pg_logical_slot_get_binary_changes pg_logical_slot_get_changes pg_logical_slot_peek_binary_changes
        pg_logical_slot_peek_changes pg_replication_origin_advance pg_replication_origin_create
        pg_replication_origin_drop pg_replication_origin_session_reset pg_replication_origin_session_setup
        pg_replication_origin_xact_reset pg_replication_origin_xact_setup pg_replication_slot_advance
        pg_sync_replication_slots""",
    ),
    **_named(
        "changes statistics",
        """pg_stat_clear_snapshot pg_stat_force_next_flush pg_clear_attribute_stats pg_clear_relation_stats
        pg_restore_attribute_stats pg_restore_relation_stats pg_stat_reset pg_stat_reset_backend_stats
        pg_stat_reset_replication_slot pg_stat_reset_shared pg_stat_reset_single_function_counters
        pg_stat_reset_single_table_counters pg_stat_reset_slru pg_stat_reset_subscription_stats""",
    ),
    **_named(
        "changes an index",
        "brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list",
    ),
    **_named(
        "is internal to PostgreSQL and not meant for queries",
        """suppress_redundant_updates_trigger tsvector_update_trigger tsvector_update_trigger_column
        unique_key_recheck plpgsql_call_handler plpgsql_inline_handler plpgsql_validator dsnowball_init
        dsnowball_lexize brinhandler bthandler ginhandler gisthandler hashhandler spghandler heap_tableam_handler
        fmgr_c_validator fmgr_internal_validator fmgr_sql_validator""",
    ),
}
"""Built-in function name -> what it does that a read must not."""

REFUSED_PATTERNS: dict[str, str] = {
    "binary_upgrade_*": "is internal to pg_upgrade",
    "RI_FKey_*": "is internal to PostgreSQL and not meant for queries",
}

REFUSED_OVERLOADS: dict[tuple[str, int], str] = {("ts_rewrite", 2): "runs SQL that is given as text"}
"""(name, number of arguments) where another overload of the name is fine."""

HARMLESS: frozenset[str] = frozenset(
    """
    random random_normal array_sample array_shuffle gen_random_uuid uuidv4 uuidv7 clock_timestamp timeofday
    current_query currval lastval currtid2 amvalidate bernoulli system txid_status pg_xact_status
    pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_last_committed_xact pg_get_multixact_members
    pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size
    pg_partition_ancestors pg_partition_tree pg_sequence_last_value pg_get_sequence_data
    pg_collation_actual_version pg_database_collation_actual_version pg_control_checkpoint pg_control_init
    pg_control_recovery pg_control_system pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn
    pg_get_aios pg_get_backend_memory_contexts pg_get_shmem_allocations pg_get_shmem_allocations_numa
    pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_get_wal_summarizer_state
    pg_is_in_backup pg_is_in_recovery pg_is_wal_replay_paused pg_backup_start_time pg_jit_available
    pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_blocking_pids
    pg_safe_snapshot_blocking_pids pg_notification_queue_usage
    pg_prepared_xact pg_replication_origin_progress pg_replication_origin_session_is_setup
    pg_replication_origin_session_progress pg_show_replication_origin_status
    pg_stat_get_backend_io pg_stat_get_backend_wal pg_stat_get_io pg_stat_get_recovery_prefetch pg_stat_have_stats
    pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls
    pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans
    pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated
    pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned
    pg_stat_get_xact_tuples_updated
    """.split()  # noqa: SIM905 - a word list reads better than a hundred quoted strings
)
"""Built-in VOLATILE functions that were read and found to change nothing and to show nothing secret."""

HARMLESS_INTERNAL: frozenset[str] = frozenset(
    """
    range_constructor2 range_constructor3 multirange_constructor0 multirange_constructor1 multirange_constructor2
    window_row_number window_rank window_dense_rank window_percent_rank window_cume_dist window_ntile window_lag
    window_lag_with_offset window_lag_with_offset_and_default window_lead window_lead_with_offset
    window_lead_with_offset_and_default window_first_value window_last_value window_nth_value
    """.split()  # noqa: SIM905 - as above
)
"""C functions inside the server that bear another name in SQL: constructors of users' ranges, window functions."""

REPEATABLE: frozenset[str] = frozenset(
    """
    concat concat_ws format array_to_string array_to_json row_to_json to_json to_jsonb json_agg json_agg_strict
    jsonb_agg jsonb_agg_strict json_build_array json_build_object jsonb_build_array jsonb_build_object
    json_object_agg jsonb_object_agg json_object_agg_strict jsonb_object_agg_strict json_object_agg_unique
    jsonb_object_agg_unique json_object_agg_unique_strict jsonb_object_agg_unique_strict json_populate_record
    json_populate_recordset json_to_record json_to_recordset jsonb_populate_record jsonb_populate_recordset
    jsonb_to_record jsonb_to_recordset anytextcat textanycat quote_literal quote_nullable to_number convert
    convert_from convert_to enum_first enum_last enum_range overlaps in_range pg_typeof
    """.split()  # noqa: SIM905 - as above
)
"""Built-in STABLE functions whose answer changes only with their arguments, so that it may be cached."""

EXTENSION_REFUSED: frozenset[str] = frozenset(
    {"crosstab", "crosstab2", "crosstab3", "crosstab4", "crosstabn", "connectby", "set_limit"}
)
"""Functions of trusted extensions that run SQL given as text or change the session."""

EXTENSION_HARMLESS: frozenset[str] = frozenset(
    """
    gen_random_bytes gen_random_uuid gen_salt pgp_sym_encrypt pgp_sym_encrypt_bytea pgp_pub_encrypt
    pgp_pub_encrypt_bytea uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 normal_rand system_rows system_time
    """.split()  # noqa: SIM905 - as above
)
"""VOLATILE C functions of trusted extensions that only make random values or sample rows."""

_STATISTICS = "most_common_vals histogram_bounds most_common_elems range_bounds_histogram range_length_histogram"
_SETTING_VALUES = frozenset({"setting", "boot_val", "reset_val", "sourcefile"})

SECRET_COLUMNS: dict[str, tuple[frozenset[str], str]] = {
    "pg_authid": (frozenset({"rolpassword"}), "shows password hashes"),
    "pg_user_mapping": (frozenset({"umoptions"}), "shows passwords for foreign servers"),
    "pg_user_mappings": (frozenset({"umoptions"}), "shows passwords for foreign servers"),
    "pg_shadow": (frozenset({"passwd", "useconfig"}), "shows password hashes"),
    "pg_roles": (frozenset({"rolconfig"}), "may show secret settings"),
    "pg_user": (frozenset({"useconfig"}), "may show secret settings"),
    "pg_subscription": (frozenset({"subconninfo"}), "shows connection strings, which may hold passwords"),
    "pg_largeobject": (frozenset({"data"}), "shows the contents of large objects"),
    "pg_settings": (_SETTING_VALUES, "may show secret settings"),
    "pg_db_role_setting": (frozenset({"setconfig"}), "may show secret settings"),
    "pg_statistic": (
        frozenset({f"stavalues{n}" for n in range(1, 6)}),
        "shows sampled values of columns",
    ),
    "pg_statistic_ext_data": (frozenset({"stxdmcv", "stxdexpr"}), "shows sampled values of columns"),
    "pg_stats": (frozenset(_STATISTICS.split()), "shows sampled values of columns"),
    "pg_stats_ext": (frozenset({"most_common_vals"}), "shows sampled values of columns"),
    "pg_stats_ext_exprs": (frozenset(_STATISTICS.split()[:3]), "shows sampled values of columns"),
}
"""System relation in pg_catalog -> (columns that are refused, why). Its other columns may be read."""

SECRET_RELATIONS: dict[str, str] = {
    "pg_catalog.pg_stat_activity": "shows what other sessions do",
    "pg_catalog.pg_stat_replication": "shows what other sessions do",
    "pg_catalog.pg_stat_ssl": "shows what other sessions do",
    "pg_catalog.pg_stat_gssapi": "shows what other sessions do",
    "pg_catalog.pg_stat_wal_receiver": "shows connection strings, which may hold passwords",
    "pg_catalog.pg_hba_file_rules": "reads files of the server",
    "pg_catalog.pg_ident_file_mappings": "reads files of the server",
    "pg_catalog.pg_file_settings": "reads files of the server",
    "information_schema.user_mapping_options": "shows passwords for foreign servers",
    "information_schema._pg_user_mappings": "shows passwords for foreign servers",
}
"""System relations that are refused whole, and why."""

SECRET_EXTENSION_RELATIONS: frozenset[str] = frozenset({"pg_stat_statements", "pg_stat_monitor", "pg_buffercache"})
"""Extension views (by name, in any schema) that show other people's statements or the server's memory."""

SECRET_SETTINGS = (
    "*command*",
    "*conninfo*",
    "*passphrase*",
    "*password*",
    "*secret*",
    "*token*",
    "*_file",
    "*directory*",
    "*_path*",
    "krb_*",
    "ssl_*",
    "log_filename",
    "jit_provider",
    "unix_socket_*",
    "oauth_*",
    "local_preload_libraries",
    "s*_preload_libraries",
)
"""Patterns of server settings that may hold secrets or tell about the machine's files."""
_HARMLESS_ALTHOUGH_SIMILAR = frozenset({"search_path", "password_encryption", "plan_cache_mode"})


def setting_is_harmless(name: str) -> bool:
    """Whether a setting's value may be shown. Settings with a dot in the name belong to applications: not shown."""
    plain = name.lower()
    if plain in _HARMLESS_ALTHOUGH_SIMILAR:
        return True
    return "." not in plain and plain != "all" and not any(fnmatchcase(plain, p) for p in SECRET_SETTINGS)


def refusal(name: str, arguments: int) -> str | None:
    """What a built-in function does that a read must not, or None."""
    if (why := REFUSED.get(name) or REFUSED_OVERLOADS.get((name, arguments))) is not None:
        return why
    return next((why for pattern, why in REFUSED_PATTERNS.items() if fnmatchcase(name, pattern)), None)
