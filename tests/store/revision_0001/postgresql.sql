--
-- PostgreSQL database dump
--


-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: dbos; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA dbos;


--
-- Name: enqueue_workflow(text, text, json[], json, text, text, text, text, bigint, bigint, text, integer, text, text, text, bigint, text); Type: FUNCTION; Schema: dbos; Owner: -
--

CREATE FUNCTION dbos.enqueue_workflow(workflow_name text, queue_name text, positional_args json[] DEFAULT ARRAY[]::json[], named_args json DEFAULT '{}'::json, class_name text DEFAULT NULL::text, config_name text DEFAULT NULL::text, workflow_id text DEFAULT NULL::text, app_version text DEFAULT NULL::text, timeout_ms bigint DEFAULT NULL::bigint, deadline_epoch_ms bigint DEFAULT NULL::bigint, deduplication_id text DEFAULT NULL::text, priority integer DEFAULT NULL::integer, queue_partition_key text DEFAULT NULL::text, authenticated_user text DEFAULT NULL::text, authenticated_roles text DEFAULT NULL::text, delay_until_epoch_ms bigint DEFAULT NULL::bigint, application_name text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_workflow_id TEXT;
    v_serialized_inputs TEXT;
    v_owner_xid TEXT;
    v_now BIGINT;
    v_recovery_attempts INT4 := 0;
    v_priority INT4;
    v_status TEXT;
BEGIN

    -- Validate required parameters
    IF workflow_name IS NULL OR workflow_name = '' THEN
        RAISE EXCEPTION 'Workflow name cannot be null or empty';
    END IF;
    IF queue_name IS NULL OR queue_name = '' THEN
        RAISE EXCEPTION 'Queue name cannot be null or empty';
    END IF;
    IF named_args IS NOT NULL AND jsonb_typeof(named_args::jsonb) != 'object' THEN
        RAISE EXCEPTION 'Named args must be a JSON object';
    END IF;
    IF workflow_id IS NOT NULL AND workflow_id = '' THEN
        RAISE EXCEPTION 'Workflow ID cannot be an empty string if provided.';
    END IF;
    IF delay_until_epoch_ms IS NOT NULL AND delay_until_epoch_ms < 0 THEN
        RAISE EXCEPTION 'delay_until_epoch_ms must be >= 0';
    END IF;

    v_workflow_id := COALESCE(workflow_id, gen_random_uuid()::TEXT);
    v_owner_xid := gen_random_uuid()::TEXT;
    v_priority := COALESCE(priority, 0);
    v_serialized_inputs := json_build_object(
        'positionalArgs', positional_args,
        'namedArgs', named_args
    )::TEXT;
    v_now := EXTRACT(epoch FROM now()) * 1000;
    v_status := CASE WHEN delay_until_epoch_ms IS NULL THEN 'ENQUEUED' ELSE 'DELAYED' END;

    INSERT INTO "dbos".workflow_status (
        workflow_uuid, status,
        name, class_name, config_name,
        queue_name, deduplication_id, priority, queue_partition_key,
        application_version,
        created_at, updated_at, recovery_attempts,
        workflow_timeout_ms, workflow_deadline_epoch_ms,
        parent_workflow_id, owner_xid, serialization,
        authenticated_user, authenticated_roles,
        delay_until_epoch_ms, application_name
    ) VALUES (
        v_workflow_id, v_status,
        workflow_name, class_name, config_name,
        queue_name, deduplication_id, v_priority, queue_partition_key,
        app_version,
        v_now, v_now, v_recovery_attempts,
        timeout_ms, deadline_epoch_ms,
        NULL, v_owner_xid, 'portable_json',
        authenticated_user, authenticated_roles,
        delay_until_epoch_ms, application_name
    )
    ON CONFLICT (workflow_uuid)
    DO UPDATE SET
        updated_at = EXCLUDED.updated_at;

    INSERT INTO "dbos".workflow_input (
        workflow_uuid, inputs, retention_timestamp
    ) VALUES (
        v_workflow_id, v_serialized_inputs, v_now
    )
    ON CONFLICT (workflow_uuid) DO NOTHING;

    RETURN v_workflow_id;

EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'DBOS queue duplicated'
            USING DETAIL = format('Workflow %s with queue %s and deduplication ID %s already exists', v_workflow_id, queue_name, deduplication_id),
                ERRCODE = 'unique_violation';
END;
$$;


--
-- Name: notifications_function(); Type: FUNCTION; Schema: dbos; Owner: -
--

CREATE FUNCTION dbos.notifications_function() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    payload text := NEW.destination_uuid || '::' || NEW.topic;
BEGIN
    PERFORM pg_notify('dbos_notifications_channel', payload);
    RETURN NEW;
END;
$$;


--
-- Name: send_message(text, json, text, text); Type: FUNCTION; Schema: dbos; Owner: -
--

CREATE FUNCTION dbos.send_message(destination_id text, message json, topic text DEFAULT NULL::text, message_id text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_topic TEXT := COALESCE(topic, '__null__topic__');
    v_message_id TEXT := COALESCE(message_id, gen_random_uuid()::TEXT);
BEGIN
    INSERT INTO "dbos".notifications (
        destination_uuid, topic, message, message_uuid, serialization
    ) VALUES (
        destination_id, v_topic, message, v_message_id, 'portable_json'
    )
    ON CONFLICT (message_uuid) DO NOTHING;
EXCEPTION
    WHEN foreign_key_violation THEN
        RAISE EXCEPTION 'DBOS non-existent workflow'
            USING DETAIL = format('Destination workflow %s does not exist', destination_id),
                ERRCODE = 'foreign_key_violation';
END;
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: application_versions; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.application_versions (
    version_id text NOT NULL,
    version_name text NOT NULL,
    version_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_name text
);


--
-- Name: dbos_migrations; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.dbos_migrations (
    version bigint NOT NULL
);


--
-- Name: event_dispatch_kv; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.event_dispatch_kv (
    service_name text NOT NULL,
    workflow_fn_name text NOT NULL,
    key text NOT NULL,
    value text,
    update_seq numeric(38,0),
    update_time numeric(38,15)
);


--
-- Name: notifications; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.notifications (
    message_uuid text DEFAULT gen_random_uuid() NOT NULL,
    destination_uuid text NOT NULL,
    topic text,
    message text NOT NULL,
    created_at_epoch_ms bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    serialization text,
    consumed boolean DEFAULT false NOT NULL,
    consumed_by_function_id integer
);


--
-- Name: operation_outputs; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.operation_outputs (
    workflow_uuid text NOT NULL,
    function_id integer NOT NULL,
    function_name text DEFAULT ''::text NOT NULL,
    output text,
    error text,
    child_workflow_id text,
    started_at_epoch_ms bigint,
    completed_at_epoch_ms bigint,
    serialization text,
    application_name text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);


--
-- Name: queues; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.queues (
    queue_id text DEFAULT (gen_random_uuid())::text NOT NULL,
    name text NOT NULL,
    concurrency integer,
    worker_concurrency integer,
    rate_limit_max integer,
    rate_limit_period_sec double precision,
    priority_enabled boolean DEFAULT false NOT NULL,
    partition_queue boolean DEFAULT false NOT NULL,
    polling_interval_sec double precision DEFAULT 1.0 NOT NULL,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    updated_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_name text,
    partition_concurrency integer,
    partition_worker_concurrency integer,
    partition_rate_limit_max integer,
    partition_rate_limit_period_sec double precision
);


--
-- Name: streams; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.streams (
    workflow_uuid text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    "offset" integer NOT NULL,
    function_id integer DEFAULT 0 NOT NULL,
    serialization text
);


--
-- Name: workflow_events; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_events (
    workflow_uuid text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    serialization text
);


--
-- Name: workflow_events_history; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_events_history (
    workflow_uuid text NOT NULL,
    function_id integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    serialization text
);


--
-- Name: workflow_input; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_input (
    workflow_uuid text NOT NULL,
    inputs text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);


--
-- Name: workflow_output; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_output (
    workflow_uuid text NOT NULL,
    output text,
    error text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);


--
-- Name: workflow_schedules; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_schedules (
    schedule_id text NOT NULL,
    schedule_name text NOT NULL,
    workflow_name text NOT NULL,
    workflow_class_name text,
    schedule text NOT NULL,
    status text DEFAULT 'ACTIVE'::text NOT NULL,
    context text NOT NULL,
    last_fired_at text,
    automatic_backfill boolean DEFAULT false NOT NULL,
    cron_timezone text,
    queue_name text,
    application_name text
);


--
-- Name: workflow_status; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_status (
    workflow_uuid text NOT NULL,
    status text,
    name text,
    authenticated_user text,
    assumed_role text,
    authenticated_roles text,
    request text,
    output text,
    error text,
    executor_id text,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    updated_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_version text,
    application_id text,
    class_name character varying(255) DEFAULT NULL::character varying,
    config_name character varying(255) DEFAULT NULL::character varying,
    recovery_attempts bigint DEFAULT 0,
    queue_name text,
    workflow_timeout_ms bigint,
    workflow_deadline_epoch_ms bigint,
    inputs text,
    started_at_epoch_ms bigint,
    deduplication_id text,
    priority integer DEFAULT 0 NOT NULL,
    queue_partition_key text,
    forked_from text,
    owner_xid text,
    parent_workflow_id text,
    serialization text,
    delay_until_epoch_ms bigint,
    was_forked_from boolean DEFAULT false NOT NULL,
    rate_limited boolean DEFAULT false NOT NULL,
    completed_at bigint,
    attributes jsonb,
    schedule_name text,
    debounce_deadline_epoch_ms bigint,
    is_debounced boolean DEFAULT false NOT NULL,
    application_name text,
    creator_xid text
);


--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: api_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_keys (
    id character varying(40) NOT NULL,
    tenant character varying(40) NOT NULL,
    name character varying(500),
    digest bytea NOT NULL,
    scopes json NOT NULL,
    requests_per_minute integer,
    running_runs integer,
    stored_bytes bigint,
    created_at double precision NOT NULL,
    revoked_at double precision
);


--
-- Name: batch_errors; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.batch_errors (
    batch_id character varying(40) NOT NULL,
    line integer NOT NULL,
    error json NOT NULL
);


--
-- Name: batches; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.batches (
    id character varying(40) NOT NULL,
    tenant character varying(40) NOT NULL,
    name character varying(500),
    key character varying(200),
    lines integer NOT NULL,
    accepted integer NOT NULL,
    digest character varying(64),
    reader character varying(40),
    read_at double precision NOT NULL,
    closed boolean NOT NULL,
    deleted boolean NOT NULL,
    created_at double precision NOT NULL,
    expires_at double precision
);


--
-- Name: datasets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.datasets (
    id character varying(40) NOT NULL,
    tenant character varying(40) NOT NULL,
    name character varying(500),
    content_hash character varying(64),
    parent_id character varying(40),
    job_status character varying(12) NOT NULL,
    valid boolean,
    head json NOT NULL,
    tables json NOT NULL,
    patch_path character varying(400),
    report json,
    total_errors integer NOT NULL,
    problem_hash character varying(80),
    bytes bigint NOT NULL,
    attempt integer NOT NULL,
    leased_until double precision,
    created_at double precision NOT NULL,
    ended_at double precision,
    expires_at double precision
);


--
-- Name: experiment_cells; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.experiment_cells (
    experiment_id character varying(40) NOT NULL,
    key character varying(64) NOT NULL,
    place double precision NOT NULL,
    problem integer NOT NULL,
    details json NOT NULL,
    run_id character varying(40)
);


--
-- Name: experiments; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.experiments (
    id character varying(40) NOT NULL,
    tenant character varying(40) NOT NULL,
    name character varying(500),
    job_status character varying(12) NOT NULL,
    phase character varying(40),
    stage integer NOT NULL,
    pending boolean NOT NULL,
    worker character varying(40),
    version integer NOT NULL,
    request_path character varying(400) NOT NULL,
    request_bytes bigint NOT NULL,
    results_path character varying(400),
    results_bytes bigint NOT NULL,
    priority integer NOT NULL,
    retention_s double precision NOT NULL,
    error json,
    created_at double precision NOT NULL,
    started_at double precision,
    ended_at double precision,
    expires_at double precision,
    deleted boolean NOT NULL
);


--
-- Name: idempotency_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency_keys (
    tenant character varying(40) NOT NULL,
    route character varying(200) NOT NULL,
    key character varying(200) NOT NULL,
    body_hash character varying(64) NOT NULL,
    status integer,
    headers json,
    body text,
    created_at double precision NOT NULL
);


--
-- Name: policies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.policies (
    tenant character varying(40) NOT NULL,
    name character varying(200) NOT NULL,
    version integer NOT NULL,
    document json NOT NULL,
    content_hash character varying(80) NOT NULL,
    created_at double precision NOT NULL
);


--
-- Name: run_events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.run_events (
    run_id character varying(40) NOT NULL,
    seq integer NOT NULL,
    at double precision NOT NULL,
    kind character varying(20) NOT NULL,
    data json NOT NULL
);


--
-- Name: run_tags; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.run_tags (
    run_id character varying(40) NOT NULL,
    tag character varying(200) NOT NULL
);


--
-- Name: runs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.runs (
    id character varying(40) NOT NULL,
    tenant character varying(40) NOT NULL,
    name character varying(500),
    job_status character varying(12) NOT NULL,
    wish character varying(8),
    priority integer NOT NULL,
    timeout_s double precision,
    retention_s double precision NOT NULL,
    small boolean NOT NULL,
    request_path character varying(400) NOT NULL,
    request_hash character varying(64) NOT NULL,
    request_bytes bigint NOT NULL,
    plan_path character varying(400),
    plan_bytes bigint NOT NULL,
    table_path character varying(400),
    dataset_id character varying(40),
    policy_name character varying(200),
    policy_version integer,
    start_run_id character varying(40),
    batch_id character varying(40),
    batch_line integer,
    experiment_id character varying(40),
    solution_status character varying(20),
    objective_value double precision,
    dual_bound double precision,
    gap double precision,
    phase character varying(40),
    stopped_by character varying(24),
    time_limit_s double precision NOT NULL,
    spent_s double precision NOT NULL,
    attempt integer NOT NULL,
    losses integer NOT NULL,
    worker character varying(40),
    error json,
    created_at double precision NOT NULL,
    started_at double precision,
    ended_at double precision,
    expires_at double precision,
    deleted boolean NOT NULL
);


--
-- Name: webhook_deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhook_deliveries (
    id character varying(40) NOT NULL,
    webhook_id character varying(40) NOT NULL,
    run_id character varying(40),
    experiment_id character varying(40),
    kind character varying(20) NOT NULL,
    body text NOT NULL,
    status character varying(12) NOT NULL,
    attempts integer NOT NULL,
    next_at double precision,
    response_status integer,
    error text,
    created_at double precision NOT NULL,
    delivered_at double precision
);


--
-- Name: webhooks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhooks (
    id character varying(40) NOT NULL,
    tenant character varying(40) NOT NULL,
    url character varying(2000) NOT NULL,
    secret character varying(200) NOT NULL,
    kinds json NOT NULL,
    created_at double precision NOT NULL
);


--
-- Name: workers; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.workers (
    id character varying(40) NOT NULL,
    lock_key bigint NOT NULL,
    host character varying(200) NOT NULL,
    started_at double precision NOT NULL
);


--
-- Data for Name: application_versions; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.application_versions VALUES ('335fbb43-eaa3-4109-802c-32662ad96fac', '1', 1796065086018, 1796065086018, 'coverplan');


--
-- Data for Name: dbos_migrations; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.dbos_migrations VALUES (125);


--
-- Data for Name: event_dispatch_kv; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: notifications; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: operation_outputs; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: queues; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.queues VALUES ('504ada43-bcc3-427d-9277-e7a8c64b6174', 'small', NULL, 8, NULL, NULL, true, false, 0.15, 1796065086038, 1796065086034, 'coverplan', NULL, NULL, NULL, NULL);
INSERT INTO dbos.queues VALUES ('cdc6d444-19c1-4827-9141-c1f7511001ee', 'packed', NULL, 2, NULL, NULL, true, false, 0.5, 1796065086051, 1796065086051, 'coverplan', NULL, NULL, NULL, NULL);
INSERT INTO dbos.queues VALUES ('3fd46b3e-f9e1-4ca7-9e72-6410243c9f29', 'large', NULL, 1, NULL, NULL, true, false, 0.5, 1796065086055, 1796065086054, 'coverplan', NULL, NULL, NULL, NULL);


--
-- Data for Name: streams; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_events; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_events_history; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_input; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.workflow_input VALUES ('run-01a22dd24aacb7cc1de3085a4c4b', '{"namedArgs":{},"positionalArgs":[["run-01a22dd24aacb7cc1de3085a4c4b"]]}', 1796065086128);
INSERT INTO dbos.workflow_input VALUES ('batch-01a22dd24f1d8e215d77194d5e68-run-01a22dd24f220a85bed24d4a1b8a', '{"namedArgs":{},"positionalArgs":[["run-01a22dd24f220a85bed24d4a1b8a","run-01a22dd24f22e798b879a2201774"]]}', 1796065087269);
INSERT INTO dbos.workflow_input VALUES ('run-01a22dd24f74851e69bf19661851', '{"namedArgs":{},"positionalArgs":[["run-01a22dd24f74851e69bf19661851"]]}', 1796065087350);
INSERT INTO dbos.workflow_input VALUES ('run-01a22dd24fd1eac3d8ef60e9f25b', '{"namedArgs":{},"positionalArgs":[["run-01a22dd24fd1eac3d8ef60e9f25b"]]}', 1796065087447);
INSERT INTO dbos.workflow_input VALUES ('run-01a22dd255dfd9eb573c76d8f3d0', '{"namedArgs":{},"positionalArgs":[["run-01a22dd255dfd9eb573c76d8f3d0"]]}', 1796065088992);
INSERT INTO dbos.workflow_input VALUES ('batch-01a22dd255e540787c9db82394df-run-01a22dd255e845dd57654f02806c', '{"namedArgs":{},"positionalArgs":[["run-01a22dd255e845dd57654f02806c","run-01a22dd255e858efaf549d01a9a0"]]}', 1796065089001);


--
-- Data for Name: workflow_output; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.workflow_output VALUES ('run-01a22dd24aacb7cc1de3085a4c4b', 'null', NULL, 1796065087236);


--
-- Data for Name: workflow_schedules; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_status; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.workflow_status VALUES ('run-01a22dd24aacb7cc1de3085a4c4b', 'SUCCESS', 'work_on_runs', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-e22a5d0584374263a87c46b8', 1796065086128, 1796065087236, '1', NULL, NULL, NULL, 1, 'small', NULL, NULL, NULL, 1796065087198, NULL, 1000, NULL, NULL, NULL, NULL, 'portable_json', NULL, false, false, 1796065087236, 'null', NULL, NULL, false, 'coverplan', '2281ebac-a245-4d7b-aaa9-d9caf14f47c3');
INSERT INTO dbos.workflow_status VALUES ('run-01a22dd24f74851e69bf19661851', 'PENDING', 'work_on_runs', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-e22a5d0584374263a87c46b8', 1796065087350, 1796065087363, '1', NULL, NULL, NULL, 1, 'small', NULL, NULL, NULL, 1796065087363, NULL, 1000, NULL, NULL, '04edf6ac-ca64-4137-8c7b-35b5c3f8b62c', NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'coverplan', 'db3f541d-f7e5-4f95-ad53-339e29dbf3d3');
INSERT INTO dbos.workflow_status VALUES ('run-01a22dd24fd1eac3d8ef60e9f25b', 'PENDING', 'work_on_runs', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-e22a5d0584374263a87c46b8', 1796065087447, 1796065087520, '1', NULL, NULL, NULL, 1, 'small', NULL, NULL, NULL, 1796065087520, NULL, 1000, NULL, NULL, '240e5ecd-ec42-4cda-962d-140dc94f621c', NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'coverplan', '4a10d0e5-cbcb-43ed-9162-bf82aad88818');
INSERT INTO dbos.workflow_status VALUES ('batch-01a22dd24f1d8e215d77194d5e68-run-01a22dd24f220a85bed24d4a1b8a', 'PENDING', 'work_on_runs', NULL, NULL, NULL, NULL, NULL, NULL, 'worker-e22a5d0584374263a87c46b8', 1796065087269, 1796065087528, '1', NULL, NULL, NULL, 1, 'packed', NULL, NULL, NULL, 1796065087528, NULL, 1000, NULL, NULL, '5b02772d-a9f0-4bc3-8c64-8e3373c6ed33', NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'coverplan', '6a844c2f-0923-48f3-9cf6-04cae3ddd560');
INSERT INTO dbos.workflow_status VALUES ('run-01a22dd255dfd9eb573c76d8f3d0', 'ENQUEUED', 'work_on_runs', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1796065088992, 1796065088992, '1', NULL, NULL, NULL, 0, 'small', NULL, NULL, NULL, NULL, NULL, 1000, NULL, NULL, NULL, NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'coverplan', '3a040960-c20b-4ba8-a769-c7019ca247d7');
INSERT INTO dbos.workflow_status VALUES ('batch-01a22dd255e540787c9db82394df-run-01a22dd255e845dd57654f02806c', 'ENQUEUED', 'work_on_runs', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1796065089001, 1796065089001, '1', NULL, NULL, NULL, 0, 'packed', NULL, NULL, NULL, NULL, NULL, 1000, NULL, NULL, NULL, NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'coverplan', '6002319c-8aab-481c-b232-151cc73f9b83');


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0001');


--
-- Data for Name: api_keys; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: batch_errors; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: batches; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.batches VALUES ('batch-01a22dd24f1d8e215d77194d5e68', 'default', NULL, NULL, 2, 2, '16ac84a3e29c14a8ff2cfdcd200e8a9b84e7674d5add8d1e98b1c5be44ffafa4', NULL, 1796065087.2685032, true, false, 1796065087.2617414, 1798657087.2752879);
INSERT INTO public.batches VALUES ('batch-01a22dd255e540787c9db82394df', 'default', NULL, NULL, 2, 2, '16ac84a3e29c14a8ff2cfdcd200e8a9b84e7674d5add8d1e98b1c5be44ffafa4', NULL, 1796065089.001202, true, false, 1796065088.99726, 1798657089.0041254);


--
-- Data for Name: datasets; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.datasets VALUES ('ds-01a22dd24f439fbb84c8853162a9', 'default', 'book', '72ae1b264824a329ea36a4db6460d1282ef1b961a21fb641d7ca111c37dfc7f3', NULL, 'running', NULL, '{}', '{"accounts": {"format": "csv", "path": "datasets/ds-01a22dd24f439fbb84c8853162a9/accounts-f661bfa56ef2.csv", "bytes": 18, "digest": "e3debfe132dfc9c2c5e807d42e40ee19fe764dbf0d1e150522dce84ef3ca3ffc"}, "reps": {"format": "csv", "path": "datasets/ds-01a22dd24f439fbb84c8853162a9/reps-aa1a22d07c8b.csv", "bytes": 22, "digest": "239ca4620e443eb75b16123d25be574156aa73063c7d3fa44d88b53dfc578275"}}', NULL, NULL, 0, NULL, 40, 1, 1796065117.5793478, 1796065087.3000448, NULL, NULL);


--
-- Data for Name: experiment_cells; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: experiments; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: idempotency_keys; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: policies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.policies VALUES ('default', 'north', 1, '{"constraints": [{"kind": "capacity"}]}', 'sha256:39a6cb59aa2fd7e97ebbd72de2d2617e346c4872c14f47c752262ee88aa9b93f', 1796065087.2949793);


--
-- Data for Name: run_events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.run_events VALUES ('run-01a22dd24aacb7cc1de3085a4c4b', 1, 1796065086.1304324, 'queued', '{"job_status": "queued"}');
INSERT INTO public.run_events VALUES ('run-01a22dd24aacb7cc1de3085a4c4b', 2, 1796065087.2137992, 'started', '{"job_status": "running", "solution_status": null, "objective_value": null, "dual_bound": null, "gap": null, "phase": "load", "attempt": 1}');
INSERT INTO public.run_events VALUES ('run-01a22dd24aacb7cc1de3085a4c4b', 3, 1796065087.2307045, 'ended', '{"job_status": "completed", "solution_status": "optimal", "objective_value": 46.0, "dual_bound": 46.000000000046, "gap": 1.00001166767628e-12, "phase": "done"}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f220a85bed24d4a1b8a', 1, 1796065087.271664, 'queued', '{"job_status": "queued"}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f22e798b879a2201774', 1, 1796065087.271664, 'queued', '{"job_status": "queued"}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f74851e69bf19661851', 1, 1796065087.3500946, 'queued', '{"job_status": "queued"}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f74851e69bf19661851', 2, 1796065087.3711655, 'started', '{"job_status": "running", "solution_status": null, "objective_value": null, "dual_bound": null, "gap": null, "phase": "load", "attempt": 1}');
INSERT INTO public.run_events VALUES ('run-01a22dd24fd1eac3d8ef60e9f25b', 1, 1796065087.4476027, 'queued', '{"job_status": "queued"}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f74851e69bf19661851', 3, 1796065087.4712543, 'progress', '{"job_status": "running", "t": 0.0064186250001512235, "objective_value": null, "dual_bound": 6701281.664802729, "gap": null, "phase": "search"}');
INSERT INTO public.run_events VALUES ('run-01a22dd24fd1eac3d8ef60e9f25b', 2, 1796065087.5287771, 'started', '{"job_status": "running", "solution_status": null, "objective_value": null, "dual_bound": null, "gap": null, "phase": "load", "attempt": 1}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f220a85bed24d4a1b8a', 2, 1796065087.5390043, 'started', '{"job_status": "running", "solution_status": null, "objective_value": null, "dual_bound": null, "gap": null, "phase": "load", "attempt": 1}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f22e798b879a2201774', 2, 1796065087.5390043, 'started', '{"job_status": "running", "solution_status": null, "objective_value": null, "dual_bound": null, "gap": null, "phase": "load", "attempt": 1}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f74851e69bf19661851', 4, 1796065088.0805151, 'progress', '{"job_status": "running", "t": 0.5488486180001928, "objective_value": 5960396.855864238, "dual_bound": 6556025.994446013, "gap": 0.09993112086081235, "phase": "search"}');
INSERT INTO public.run_events VALUES ('run-01a22dd24f74851e69bf19661851', 5, 1796065088.6962209, 'progress', '{"job_status": "running", "t": 0.8780173390005075, "objective_value": 6399624.066155748, "dual_bound": 6555791.191245896, "gap": 0.024402546692708606, "phase": "search"}');
INSERT INTO public.run_events VALUES ('run-01a22dd255dfd9eb573c76d8f3d0', 1, 1796065088.9926157, 'queued', '{"job_status": "queued"}');
INSERT INTO public.run_events VALUES ('run-01a22dd255e845dd57654f02806c', 1, 1796065089.0024042, 'queued', '{"job_status": "queued"}');
INSERT INTO public.run_events VALUES ('run-01a22dd255e858efaf549d01a9a0', 1, 1796065089.0024042, 'queued', '{"job_status": "queued"}');


--
-- Data for Name: run_tags; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.run_tags VALUES ('run-01a22dd24aacb7cc1de3085a4c4b', 'north');


--
-- Data for Name: runs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.runs VALUES ('run-01a22dd24aacb7cc1de3085a4c4b', 'default', 'done', 'completed', NULL, 0, NULL, 2592000, true, 'runs/run-01a22dd24aacb7cc1de3085a4c4b/request.json', 'e8315314c259843b3d2aa3285b416ad45cb3098a9ae624e407cea36a25eed94e', 2476, 'runs/run-01a22dd24aacb7cc1de3085a4c4b/plan-1.json', 3195, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'optimal', 46, 46.000000000046, 1.00001166767628e-12, 'done', 'proof', 10, 0, 1, 0, 'worker-e22a5d0584374263a87c46b8', NULL, 1796065086.126661, 1796065087.209533, 1796065087.2278087, 1798657087.227495, false);
INSERT INTO public.runs VALUES ('run-01a22dd24fd1eac3d8ef60e9f25b', 'default', 'waiting', 'running', NULL, 0, NULL, 2592000, true, 'runs/run-01a22dd24fd1eac3d8ef60e9f25b/request.json', 'f8681597c856b7c1dae618dbe64eede55ea412ca9c7d7653bf2d683e3e7edb96', 35111, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'load', NULL, 1.5, 0, 1, 0, 'worker-e22a5d0584374263a87c46b8', NULL, 1796065087.4467545, 1796065087.5276446, NULL, NULL, false);
INSERT INTO public.runs VALUES ('run-01a22dd24f220a85bed24d4a1b8a', 'default', NULL, 'running', NULL, 0, NULL, 2592000, true, 'runs/run-01a22dd24f220a85bed24d4a1b8a/request.json', 'e8315314c259843b3d2aa3285b416ad45cb3098a9ae624e407cea36a25eed94e', 2476, NULL, 0, NULL, NULL, NULL, NULL, NULL, 'batch-01a22dd24f1d8e215d77194d5e68', 1, NULL, NULL, NULL, NULL, NULL, 'load', NULL, 10, 0, 1, 0, 'worker-e22a5d0584374263a87c46b8', NULL, 1796065087.270191, 1796065087.5382242, NULL, NULL, false);
INSERT INTO public.runs VALUES ('run-01a22dd24f22e798b879a2201774', 'default', NULL, 'running', NULL, 0, NULL, 2592000, true, 'runs/run-01a22dd24f22e798b879a2201774/request.json', 'e8315314c259843b3d2aa3285b416ad45cb3098a9ae624e407cea36a25eed94e', 2476, NULL, 0, NULL, NULL, NULL, NULL, NULL, 'batch-01a22dd24f1d8e215d77194d5e68', 2, NULL, NULL, NULL, NULL, NULL, 'load', NULL, 10, 0, 1, 0, 'worker-e22a5d0584374263a87c46b8', NULL, 1796065087.270191, 1796065087.5382242, NULL, NULL, false);
INSERT INTO public.runs VALUES ('run-01a22dd24f74851e69bf19661851', 'default', 'running', 'running', NULL, 0, NULL, 2592000, true, 'runs/run-01a22dd24f74851e69bf19661851/request.json', '3fb30f71534ba67ffdcfcae253887eaad980ab4eceaa0924a0887ba2ed7573d9', 35111, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 6399624.066155748, 6555791.191245896, 0.024402546692708606, 'search', NULL, 8, 0, 1, 0, 'worker-e22a5d0584374263a87c46b8', NULL, 1796065087.3492086, 1796065087.3703115, NULL, NULL, false);
INSERT INTO public.runs VALUES ('run-01a22dd255dfd9eb573c76d8f3d0', 'default', 'queued', 'queued', NULL, 0, NULL, 2592000, true, 'runs/run-01a22dd255dfd9eb573c76d8f3d0/request.json', 'e8315314c259843b3d2aa3285b416ad45cb3098a9ae624e407cea36a25eed94e', 2476, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 10, 0, 0, 0, NULL, NULL, 1796065088.9921033, NULL, NULL, NULL, false);
INSERT INTO public.runs VALUES ('run-01a22dd255e845dd57654f02806c', 'default', NULL, 'queued', NULL, 0, NULL, 2592000, true, 'runs/run-01a22dd255e845dd57654f02806c/request.json', 'e8315314c259843b3d2aa3285b416ad45cb3098a9ae624e407cea36a25eed94e', 2476, NULL, 0, NULL, NULL, NULL, NULL, NULL, 'batch-01a22dd255e540787c9db82394df', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 10, 0, 0, 0, NULL, NULL, 1796065089.0018013, NULL, NULL, NULL, false);
INSERT INTO public.runs VALUES ('run-01a22dd255e858efaf549d01a9a0', 'default', NULL, 'queued', NULL, 0, NULL, 2592000, true, 'runs/run-01a22dd255e858efaf549d01a9a0/request.json', 'e8315314c259843b3d2aa3285b416ad45cb3098a9ae624e407cea36a25eed94e', 2476, NULL, 0, NULL, NULL, NULL, NULL, NULL, 'batch-01a22dd255e540787c9db82394df', 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 10, 0, 0, 0, NULL, NULL, 1796065089.0018013, NULL, NULL, NULL, false);


--
-- Data for Name: webhook_deliveries; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: webhooks; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: workers; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.workers VALUES ('worker-e22a5d0584374263a87c46b8', 3445550414108923819, 'earlier', 1796065086.0041575);


--
-- Name: application_versions application_versions_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.application_versions
    ADD CONSTRAINT application_versions_pkey PRIMARY KEY (version_id);


--
-- Name: application_versions application_versions_version_name_key; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.application_versions
    ADD CONSTRAINT application_versions_version_name_key UNIQUE (version_name);


--
-- Name: dbos_migrations dbos_migrations_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.dbos_migrations
    ADD CONSTRAINT dbos_migrations_pkey PRIMARY KEY (version);


--
-- Name: event_dispatch_kv event_dispatch_kv_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.event_dispatch_kv
    ADD CONSTRAINT event_dispatch_kv_pkey PRIMARY KEY (service_name, workflow_fn_name, key);


--
-- Name: notifications notifications_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (message_uuid);


--
-- Name: operation_outputs operation_outputs_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.operation_outputs
    ADD CONSTRAINT operation_outputs_pkey PRIMARY KEY (workflow_uuid, function_id);


--
-- Name: queues queues_name_key; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.queues
    ADD CONSTRAINT queues_name_key UNIQUE (name);


--
-- Name: queues queues_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.queues
    ADD CONSTRAINT queues_pkey PRIMARY KEY (queue_id);


--
-- Name: streams streams_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (workflow_uuid, key, "offset");


--
-- Name: workflow_events_history workflow_events_history_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_pkey PRIMARY KEY (workflow_uuid, function_id, key);


--
-- Name: workflow_events workflow_events_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_pkey PRIMARY KEY (workflow_uuid, key);


--
-- Name: workflow_input workflow_input_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_input
    ADD CONSTRAINT workflow_input_pkey PRIMARY KEY (workflow_uuid);


--
-- Name: workflow_output workflow_output_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_output
    ADD CONSTRAINT workflow_output_pkey PRIMARY KEY (workflow_uuid);


--
-- Name: workflow_schedules workflow_schedules_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_schedules
    ADD CONSTRAINT workflow_schedules_pkey PRIMARY KEY (schedule_id);


--
-- Name: workflow_schedules workflow_schedules_schedule_name_key; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_schedules
    ADD CONSTRAINT workflow_schedules_schedule_name_key UNIQUE (schedule_name);


--
-- Name: workflow_status workflow_status_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_status
    ADD CONSTRAINT workflow_status_pkey PRIMARY KEY (workflow_uuid);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: api_keys api_keys_digest_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_digest_key UNIQUE (digest);


--
-- Name: api_keys api_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);


--
-- Name: batch_errors batch_errors_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batch_errors
    ADD CONSTRAINT batch_errors_pkey PRIMARY KEY (batch_id, line);


--
-- Name: batches batches_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (id);


--
-- Name: datasets datasets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT datasets_pkey PRIMARY KEY (id);


--
-- Name: experiment_cells experiment_cells_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.experiment_cells
    ADD CONSTRAINT experiment_cells_pkey PRIMARY KEY (experiment_id, key);


--
-- Name: experiments experiments_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.experiments
    ADD CONSTRAINT experiments_pkey PRIMARY KEY (id);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant, route, key);


--
-- Name: policies policies_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_pkey PRIMARY KEY (tenant, name, version);


--
-- Name: run_events run_events_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run_events
    ADD CONSTRAINT run_events_pkey PRIMARY KEY (run_id, seq);


--
-- Name: run_tags run_tags_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run_tags
    ADD CONSTRAINT run_tags_pkey PRIMARY KEY (run_id, tag);


--
-- Name: runs runs_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);


--
-- Name: webhook_deliveries webhook_deliveries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);


--
-- Name: webhooks webhooks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (id);


--
-- Name: workers workers_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (id);


--
-- Name: idx_application_versions_owner_timestamp; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_application_versions_owner_timestamp ON dbos.application_versions USING btree (application_name, version_timestamp DESC);


--
-- Name: idx_application_versions_timestamp; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_application_versions_timestamp ON dbos.application_versions USING btree (version_timestamp DESC);


--
-- Name: idx_operation_outputs_completed_at_function_name_v2; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_operation_outputs_completed_at_function_name_v2 ON dbos.operation_outputs USING btree (completed_at_epoch_ms, function_name) INCLUDE (application_name);


--
-- Name: idx_operation_outputs_retention; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_operation_outputs_retention ON dbos.operation_outputs USING btree (retention_timestamp);


--
-- Name: idx_workflow_input_retention; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_input_retention ON dbos.workflow_input USING btree (retention_timestamp);


--
-- Name: idx_workflow_output_retention; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_output_retention ON dbos.workflow_output USING btree (retention_timestamp);


--
-- Name: idx_workflow_status_attributes; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_attributes ON dbos.workflow_status USING gin (attributes) WHERE (attributes IS NOT NULL);


--
-- Name: idx_workflow_status_completed_at; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_completed_at ON dbos.workflow_status USING btree (completed_at) WHERE (completed_at IS NOT NULL);


--
-- Name: idx_workflow_status_deadline; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_deadline ON dbos.workflow_status USING btree (workflow_deadline_epoch_ms) WHERE ((status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text, 'DELAYED'::text])) AND (workflow_deadline_epoch_ms IS NOT NULL));


--
-- Name: idx_workflow_status_delayed; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_delayed ON dbos.workflow_status USING btree (delay_until_epoch_ms) WHERE (status = 'DELAYED'::text);


--
-- Name: idx_workflow_status_failed; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_failed ON dbos.workflow_status USING btree (status, created_at) WHERE (status = ANY (ARRAY['ERROR'::text, 'CANCELLED'::text, 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'::text]));


--
-- Name: idx_workflow_status_forked_from; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_forked_from ON dbos.workflow_status USING btree (forked_from) WHERE (forked_from IS NOT NULL);


--
-- Name: idx_workflow_status_in_flight_v2; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_in_flight_v2 ON dbos.workflow_status USING btree (queue_name, status, priority, created_at) INCLUDE (application_name) WHERE (status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text]));


--
-- Name: idx_workflow_status_parent_workflow_id; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_parent_workflow_id ON dbos.workflow_status USING btree (parent_workflow_id) WHERE (parent_workflow_id IS NOT NULL);


--
-- Name: idx_workflow_status_partition_dequeue_v3; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_partition_dequeue_v3 ON dbos.workflow_status USING btree (queue_name, status, queue_partition_key, priority, created_at, workflow_uuid) INCLUDE (application_name) WHERE ((status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text])) AND (queue_partition_key IS NOT NULL));


--
-- Name: idx_workflow_status_pending; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_pending ON dbos.workflow_status USING btree (created_at) WHERE (status = 'PENDING'::text);


--
-- Name: idx_workflow_status_rate_limited; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_rate_limited ON dbos.workflow_status USING btree (queue_name, started_at_epoch_ms) WHERE (rate_limited = true);


--
-- Name: idx_workflow_status_schedule_name; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_schedule_name ON dbos.workflow_status USING btree (schedule_name) WHERE (schedule_name IS NOT NULL);


--
-- Name: idx_workflow_status_started_at; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_started_at ON dbos.workflow_status USING btree (started_at_epoch_ms) WHERE (started_at_epoch_ms IS NOT NULL);


--
-- Name: idx_workflow_topic; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_topic ON dbos.notifications USING btree (destination_uuid, topic);


--
-- Name: uq_application_versions_owner_version; Type: INDEX; Schema: dbos; Owner: -
--

CREATE UNIQUE INDEX uq_application_versions_owner_version ON dbos.application_versions USING btree (application_name, version_name) WHERE (application_name IS NOT NULL);


--
-- Name: uq_application_versions_unclaimed_version; Type: INDEX; Schema: dbos; Owner: -
--

CREATE UNIQUE INDEX uq_application_versions_unclaimed_version ON dbos.application_versions USING btree (version_name) WHERE (application_name IS NULL);


--
-- Name: uq_workflow_status_dedup_id; Type: INDEX; Schema: dbos; Owner: -
--

CREATE UNIQUE INDEX uq_workflow_status_dedup_id ON dbos.workflow_status USING btree (queue_name, deduplication_id) WHERE (deduplication_id IS NOT NULL);


--
-- Name: workflow_status_created_at_index; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX workflow_status_created_at_index ON dbos.workflow_status USING btree (created_at);


--
-- Name: batches_by_end; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX batches_by_end ON public.batches USING btree (closed, read_at);


--
-- Name: batches_by_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX batches_by_key ON public.batches USING btree (tenant, key);


--
-- Name: batches_of_tenant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX batches_of_tenant ON public.batches USING btree (tenant, id);


--
-- Name: cells_by_place; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cells_by_place ON public.experiment_cells USING btree (experiment_id, problem, place);


--
-- Name: datasets_by_content; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX datasets_by_content ON public.datasets USING btree (tenant, content_hash);


--
-- Name: datasets_by_status; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX datasets_by_status ON public.datasets USING btree (job_status, leased_until);


--
-- Name: datasets_of_tenant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX datasets_of_tenant ON public.datasets USING btree (tenant, id);


--
-- Name: deliveries_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_due ON public.webhook_deliveries USING btree (status, next_at);


--
-- Name: deliveries_of_webhook; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX deliveries_of_webhook ON public.webhook_deliveries USING btree (webhook_id, id);


--
-- Name: experiments_by_status; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX experiments_by_status ON public.experiments USING btree (job_status, expires_at);


--
-- Name: experiments_of_tenant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX experiments_of_tenant ON public.experiments USING btree (tenant, id);


--
-- Name: idempotency_by_age; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX idempotency_by_age ON public.idempotency_keys USING btree (created_at);


--
-- Name: runs_by_content; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX runs_by_content ON public.runs USING btree (tenant, request_hash);


--
-- Name: runs_by_status; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX runs_by_status ON public.runs USING btree (job_status, expires_at);


--
-- Name: runs_by_tag; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX runs_by_tag ON public.run_tags USING btree (tag, run_id);


--
-- Name: runs_of_batch; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX runs_of_batch ON public.runs USING btree (batch_id, batch_line);


--
-- Name: runs_of_experiment; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX runs_of_experiment ON public.runs USING btree (experiment_id, job_status);


--
-- Name: runs_of_tenant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX runs_of_tenant ON public.runs USING btree (tenant, id);


--
-- Name: runs_of_worker; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX runs_of_worker ON public.runs USING btree (worker, job_status);


--
-- Name: webhooks_of_tenant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX webhooks_of_tenant ON public.webhooks USING btree (tenant, id);


--
-- Name: notifications dbos_notifications_trigger; Type: TRIGGER; Schema: dbos; Owner: -
--

CREATE TRIGGER dbos_notifications_trigger AFTER INSERT ON dbos.notifications FOR EACH ROW EXECUTE FUNCTION dbos.notifications_function();


--
-- Name: notifications notifications_destination_uuid_fkey; Type: FK CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_destination_uuid_fkey FOREIGN KEY (destination_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: streams streams_workflow_uuid_fkey; Type: FK CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: workflow_events_history workflow_events_history_workflow_uuid_fkey; Type: FK CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: workflow_events workflow_events_workflow_uuid_fkey; Type: FK CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: batch_errors batch_errors_batch_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.batch_errors
    ADD CONSTRAINT batch_errors_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;


--
-- Name: experiment_cells experiment_cells_experiment_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.experiment_cells
    ADD CONSTRAINT experiment_cells_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES public.experiments(id) ON DELETE CASCADE;


--
-- Name: run_events run_events_run_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run_events
    ADD CONSTRAINT run_events_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.runs(id) ON DELETE CASCADE;


--
-- Name: run_tags run_tags_run_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.run_tags
    ADD CONSTRAINT run_tags_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.runs(id) ON DELETE CASCADE;


--
-- Name: webhook_deliveries webhook_deliveries_webhook_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--


