CREATE TABLE operations (
    id TEXT PRIMARY KEY NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    command TEXT NOT NULL,
    reason TEXT,
    bind_identity TEXT NOT NULL,
    os_user TEXT NOT NULL,
    host TEXT NOT NULL,
    domain TEXT NOT NULL,
    domain_sid TEXT,
    server TEXT NOT NULL,
    plan TEXT NOT NULL,
    undo_of TEXT,
    state TEXT NOT NULL
);
INSERT INTO "operations" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845','2026-11-27T06:39:58.307Z','2026-11-27T06:39:58.322Z','restore',NULL,'Administrator@contoso.test','helpdesk','ADMIN-PC','DC=contoso,DC=test','S-1-5-21-3156705047-3854744615-1954866626','dc1.contoso.test','{"schema":"adrecover/plan/v1","madeBy":"0.1.0","madeAt":"2026-11-27T06:39:58Z","purpose":"restore","domain":"DC=contoso,DC=test","domainSid":"S-1-5-21-3156705047-3854744615-1954866626","server":"dc1.contoso.test","request":{"upn":{"value":"usera@contoso.test"},"account":"default","password":"unsaid","mustChange":false,"resetPassword":false,"set":[{"attribute":"title","values":[{"text":"Clerk"}]}],"allowPrivileged":false,"allowUncheckedForest":false},"objects":[{"guid":"ba34703a-bd3b-4c04-98bf-2dd6405364a0","name":"UserA","type":"user","samAccountName":"UserA","from":"CN=UserA\\0ADEL:ba34703a-bd3b-4c04-98bf-2dd6405364a0,CN=Deleted Objects,DC=contoso,DC=test","usnChanged":944,"dn":"CN=UserA,OU=OnPremises,DC=contoso,DC=test","deletedAt":"2026-11-25T05:39:17Z","steps":[{"action":{"step":"reanimate","to":"CN=UserA,OU=OnPremises,DC=contoso,DC=test","parent":"a99aa6d4-f21c-4e94-ac65-2c662dd675f6","password":"random"},"why":"deleted on 2026-11-25T05:39:17Z","undo":"disable"},{"action":{"step":"disable"},"why":"it has no password that anybody knows yet","undo":"enable"},{"action":{"step":"setUpn","value":"usera@contoso.test"},"why":"the deletion removed it","undo":{"values":{"attribute":"userPrincipalName","values":[]}}},{"action":{"step":"setAttribute","attribute":"title","values":[{"text":"Clerk"}],"source":"--set"},"why":"asked for","undo":{"values":{"attribute":"title","values":[]}}}],"losses":["the password is lost: set a new one","group memberships are lost and the directory does not know them any more: give them with --groups-from","most attributes are lost, mail addresses and the source anchor (mS-DS-ConsistencyGuid) among them: fill them in before the next directory synchronization"],"stillMissing":["department","description","displayName","mail","mS-DS-ConsistencyGuid","proxyAddresses","telephoneNumber"]}]}',NULL,'done');
CREATE TABLE events (
    operation TEXT NOT NULL REFERENCES operations (id),
    seq INTEGER NOT NULL,
    object INTEGER NOT NULL,
    guid TEXT NOT NULL,
    step INTEGER NOT NULL,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (operation, seq)
) WITHOUT ROWID;
INSERT INTO "events" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845',1,0,'ba34703a-bd3b-4c04-98bf-2dd6405364a0',0,'started','2026-11-27T06:39:58.320Z','{"previousDn":"CN=UserA\\0ADEL:ba34703a-bd3b-4c04-98bf-2dd6405364a0,CN=Deleted Objects,DC=contoso,DC=test","carried":"random","uac":512}');
INSERT INTO "events" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845',2,0,'ba34703a-bd3b-4c04-98bf-2dd6405364a0',0,'succeeded','2026-11-27T06:39:58.321Z','{"dn":"CN=UserA,OU=OnPremises,DC=contoso,DC=test","carried":"random"}');
INSERT INTO "events" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845',3,0,'ba34703a-bd3b-4c04-98bf-2dd6405364a0',1,'started','2026-11-27T06:39:58.321Z','{}');
INSERT INTO "events" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845',4,0,'ba34703a-bd3b-4c04-98bf-2dd6405364a0',1,'succeeded','2026-11-27T06:39:58.321Z','{}');
INSERT INTO "events" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845',5,0,'ba34703a-bd3b-4c04-98bf-2dd6405364a0',2,'started','2026-11-27T06:39:58.321Z','{"previous":[]}');
INSERT INTO "events" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845',6,0,'ba34703a-bd3b-4c04-98bf-2dd6405364a0',2,'succeeded','2026-11-27T06:39:58.322Z','{}');
INSERT INTO "events" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845',7,0,'ba34703a-bd3b-4c04-98bf-2dd6405364a0',3,'started','2026-11-27T06:39:58.322Z','{"previous":[]}');
INSERT INTO "events" VALUES('01a21bbb-6f63-72ca-8343-b849024f9845',8,0,'ba34703a-bd3b-4c04-98bf-2dd6405364a0',3,'succeeded','2026-11-27T06:39:58.322Z','{}');
CREATE TABLE restored (
    guid TEXT NOT NULL,
    operation TEXT NOT NULL REFERENCES operations (id),
    name TEXT NOT NULL,
    sam_account_name TEXT,
    dn TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (guid, operation)
) WITHOUT ROWID;
INSERT INTO "restored" VALUES('ba34703a-bd3b-4c04-98bf-2dd6405364a0','01a21bbb-6f63-72ca-8343-b849024f9845','UserA','UserA','CN=UserA,OU=OnPremises,DC=contoso,DC=test','2026-11-27T06:39:58.321Z');
CREATE INDEX operations_by_domain ON operations (domain_sid, state);
PRAGMA user_version = 3;
