-- Products, interactions and patterns (used by pattern discovery), and index advice.

CREATE TABLE platform.products (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES platform.organizations,
  name            text NOT NULL,
  description     text NOT NULL DEFAULT '',
  metadata        jsonb NOT NULL DEFAULT '{}',
  created_at      timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, name)
);

CREATE TABLE platform.interactions (
  organization_id uuid NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  session_id      text NOT NULL DEFAULT '',
  source          text NOT NULL CHECK (source IN ('web', 'social', 'cctv', 'call')),
  description     text NOT NULL DEFAULT '',
  products        uuid[] NOT NULL DEFAULT '{}',
  metadata        jsonb NOT NULL DEFAULT '{}',
  embedding_model text,
  PRIMARY KEY (organization_id, created_at, id)
) PARTITION BY RANGE (created_at);

CREATE TABLE platform.patterns (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES platform.organizations,
  period          text NOT NULL CHECK (period IN ('day', 'week', 'month', 'year', 'all_time')),
  period_start    date NOT NULL,
  description     text NOT NULL,
  products        uuid[] NOT NULL DEFAULT '{}',
  confidence      real NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  evidence        jsonb NOT NULL DEFAULT '[]',
  similar_to      uuid REFERENCES platform.patterns,
  embedding_model text,
  created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX patterns_by_period ON platform.patterns (organization_id, period, period_start);

-- Embeddings: vector(1536) with HNSW where pgvector is installed, otherwise real[] and exact cosine in C++.
DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector') THEN
    ALTER TABLE platform.interactions ADD COLUMN embedding vector(1536);
    ALTER TABLE platform.patterns ADD COLUMN embedding vector(1536);
    CREATE INDEX interactions_embedding ON platform.interactions USING hnsw (embedding vector_cosine_ops);
    CREATE INDEX patterns_embedding ON platform.patterns USING hnsw (embedding vector_cosine_ops);
  ELSE
    ALTER TABLE platform.interactions ADD COLUMN embedding real[];
    ALTER TABLE platform.patterns ADD COLUMN embedding real[];
  END IF;
END $$;

CREATE TABLE platform.index_recommendations (
  id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL,
  query_id        bigint NOT NULL,
  statement       text NOT NULL,                 -- CREATE INDEX CONCURRENTLY …
  cost_before     double precision NOT NULL,
  cost_after      double precision NOT NULL,
  status          text NOT NULL DEFAULT 'proposed'
                  CHECK (status IN ('proposed', 'approved', 'rejected', 'applied', 'reverted')),
  measured        jsonb NOT NULL DEFAULT '{}',
  created_at      timestamptz NOT NULL DEFAULT now(),
  UNIQUE (organization_id, query_id, statement)
);
