-- The demo's organization: psql -v id=... -v vapi_secret=... -v hook_url=... -v hook_secret=...
BEGIN;
SELECT set_config('app.organization_id', :'id', true) \g /dev/null
INSERT INTO platform.organizations (id, slug, name, plan_id, plan_minutes, period_start, period_end, stripe_customer_id,
                                    settings)
SELECT :'id'::uuid, 'lakeside-dental', 'Lakeside Dental', p.id, 2, date_trunc('month', now() - interval '1 hour'),
       date_trunc('month', now() - interval '1 hour') + interval '2 months', 'cus_lakeside',
       jsonb_build_object(
         'notify', jsonb_build_object('sms', true, 'sms_to', '+14155550100', 'email', true, 'email_to', 'desk@lakeside.example'),
         'vapi', jsonb_build_object('authentication', jsonb_build_object('type', 'hmac', 'secret', :'vapi_secret')))
FROM platform.plans p WHERE p.id = 'growth';
INSERT INTO platform.users (organization_id, email, name, role)
VALUES (:'id', 'owner@lakeside.example', 'Dr. Lake', 'owner');
INSERT INTO platform.assistants (organization_id, name, vapi_assistant_id)
VALUES (:'id', 'Receptionist', 'assistant-demo');
INSERT INTO platform.integrations (organization_id, name, url, secrets)
VALUES (:'id', 'Practice software', :'hook_url', ARRAY[:'hook_secret']);
COMMIT;
