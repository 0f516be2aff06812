-- Keys of Aerostack were minted before it had scopes: they may do everything, as they were meant to.
UPDATE api_keys
   SET scopes = ARRAY['ai:chat', 'ai:ingest', 'ai:search', 'auth', 'billing', 'cache', 'database',
                      'queue:enqueue', 'queue:manage', 'services', 'storage']
 WHERE service = 'aerostack' AND scopes = '{}';
