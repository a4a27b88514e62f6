-- As in 0026, at a tenth of the cost where nothing is wrong; names may have 255 bytes, like all names.
CREATE OR REPLACE FUNCTION holdfast.check_properties(memo jsonb, search_attributes jsonb) RETURNS void
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
  bad record;
BEGIN
  IF jsonb_typeof(memo) <> 'object' OR jsonb_typeof(search_attributes) <> 'object' THEN
    RAISE EXCEPTION 'memo and search_attributes must be JSON objects' USING ERRCODE = '22023';
  ELSIF octet_length(memo::text) > 2097152 THEN
    RAISE EXCEPTION 'memo has % bytes, allowed are 2097152', octet_length(memo::text) USING ERRCODE = '22023';
  ELSIF search_attributes IS NULL THEN
    RETURN;
  ELSIF octet_length(search_attributes::text) > 40960 THEN
    RAISE EXCEPTION 'search_attributes have % bytes, allowed are 40960', octet_length(search_attributes::text)
      USING ERRCODE = '22023';
  END IF;
  -- Nearly all are small and right; the text says so at once. What is below finds what is wrong.
  IF octet_length(search_attributes::text) <= 255
     AND search_attributes::text ~ '^\{("[A-Za-z_][A-Za-z0-9_.-]*": ("[^"\\]*"|-?\d+|true|false)(, )?)*\}$'
     AND NOT lower(search_attributes::text)::jsonb ?| '{workflowid,runid,workflowtype,taskqueue,executionstatus,starttime,closetime,executiontime,executionduration,historylength,historysizebytes,statetransitioncount,parentworkflowid,parentrunid,rootworkflowid,rootrunid,scheduleid,scheduledbyid,scheduledstarttime}' THEN
    RETURN;
  END IF;
  SELECT a.key, a.value, a.n, a.reserved INTO bad
    FROM (SELECT e.key, e.value, row_number() OVER () AS n,
                 lower(e.key) IN ('workflowid', 'runid', 'workflowtype', 'taskqueue', 'executionstatus', 'starttime', 'closetime',
                   'executiontime', 'executionduration', 'historylength', 'historysizebytes',
                   'statetransitioncount', 'parentworkflowid', 'parentrunid', 'rootworkflowid', 'rootrunid',
                   'scheduleid', 'scheduledbyid', 'scheduledstarttime') AS reserved
            FROM jsonb_each(search_attributes) e) a
   WHERE a.n > 100 OR a.key !~ '^[A-Za-z_][A-Za-z0-9_.-]{0,254}$'
      OR a.reserved
      OR octet_length(a.value::text) > 2048
      OR CASE jsonb_typeof(a.value)
           WHEN 'object' THEN true
           WHEN 'array' THEN jsonb_path_exists(a.value, 'strict $[*] ? (@.type() != "string")')
           WHEN 'number' THEN abs(a.value::numeric) > 1.7976931348623157e308
           ELSE false END
   LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  ELSIF bad.n > 100 THEN
    RAISE EXCEPTION 'search_attributes have more than 100 names' USING ERRCODE = '22023';
  ELSIF bad.key !~ '^[A-Za-z_][A-Za-z0-9_.-]{0,254}$' THEN
    RAISE EXCEPTION 'search_attributes have the name "%", allowed are letters, digits, _ . and -, a letter or _ first, at most 255 bytes',
      left(bad.key, 60) USING ERRCODE = '22023';
  ELSIF bad.reserved THEN
    RAISE EXCEPTION 'search_attributes have the name "%", allowed are names other than those that filters know already',
      bad.key USING ERRCODE = '22023';
  ELSIF octet_length(bad.value::text) > 2048 THEN
    RAISE EXCEPTION 'search_attributes.% has % bytes, allowed are 2048; keep larger things in the memo', bad.key,
      octet_length(bad.value::text) USING ERRCODE = '22023';
  END IF;
  RAISE EXCEPTION 'search_attributes.% is %, allowed are a string, a boolean, a number that fits a double, a list of strings, or null',
    bad.key, left(bad.value::text, 60) USING ERRCODE = '22023';
END
$$;
