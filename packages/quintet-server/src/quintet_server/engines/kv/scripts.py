"""The cache's operations inside Valkey or Redis: Lua scripts, each of them one atomic step.

What is kept per space, all below `quintet:kv:{SPACE}:`

    e:KEY   hash   v: the JSON as it was sent · e: the millisecond it is gone from, if there is one
    names   zset   every key with score 0, so that it is ordered by bytes
    times   zset   keys that expire, by that millisecond
    o:NAME  string until which millisecond, and the sum that the increment of this name has given

and `quintet:kv:spaces`, a set of the spaces there are. The time is given by the caller (the
database's, which can be moved); what the server itself lets expire is only there to get memory
back, later than that. Numbers of more than 53 bits pass through Lua as text only.
"""

from __future__ import annotations

__all__ = [
    "DELETE",
    "EXPIRE",
    "FLUSH",
    "GET",
    "GET_MANY",
    "INCREMENT",
    "LIST",
    "SET",
    "SWEEP",
]

# KEYS: names, times, spaces. ARGV: what entries' keys begin with, now in ms, the space, ...
_PRELUDE = """
local names, times, spaces = KEYS[1], KEYS[2], KEYS[3]
local base, now, space = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local function lives(key)
    if redis.call('EXISTS', base .. key) == 0 then return false end
    local gone = redis.call('HGET', base .. key, 'e')
    return not gone or tonumber(gone) > now
end

local function drop(key)
    redis.call('DEL', base .. key)
    redis.call('ZREM', names, key)
    redis.call('ZREM', times, key)
end

local function limit(key, ttl)
    local gone = string.format('%.0f', now + ttl * 1000)
    redis.call('HSET', base .. key, 'e', gone)
    redis.call('ZADD', times, gone, key)
    -- A minute later than anybody can see it: clocks differ.
    redis.call('PEXPIRE', base .. key, string.format('%.0f', ttl * 1000 + 60000))
end

local function put(key, value, ttl)
    -- First of all, because it asks for memory: after any other write a full server would go on.
    redis.call('HSET', base .. key, 'v', value)
    redis.call('ZADD', names, 0, key)
    redis.call('SADD', spaces, space)
    if ttl == '' then
        redis.call('HDEL', base .. key, 'e')
        redis.call('PERSIST', base .. key)
        redis.call('ZREM', times, key)
    else
        limit(key, tonumber(ttl))
    end
end

-- At most `most` keys that are there, in order; those found gone are forgotten on the way.
local function range(first, last, most)
    local found = {}
    while #found < most do
        local step = math.min(most - #found, 1000)
        local some = redis.call('ZRANGEBYLEX', names, first, last, 'LIMIT', 0, step)
        for _, key in ipairs(some) do
            if lives(key) then found[#found + 1] = key else drop(key) end
        end
        if #some < step then break end
        first = '(' .. some[#some]
    end
    return found
end
"""

# ... then key, and how long the value may be (or ''). Returns nothing, the value, or 1 for a longer
# one.
GET = (
    _PRELUDE
    + """
if not lives(ARGV[4]) then return {} end
local most = tonumber(ARGV[5])
if most and redis.call('HSTRLEN', base .. ARGV[4], 'v') > most then return {1} end
return {redis.call('HGET', base .. ARGV[4], 'v')}
"""
)

# ... then how long they may be together, then keys. Returns the length, and the values if they may.
GET_MANY = (
    _PRELUDE
    + """
local total, values = 0, {}
for i = 5, #ARGV do
    if lives(ARGV[i]) then total = total + redis.call('HSTRLEN', base .. ARGV[i], 'v') end
end
if total > tonumber(ARGV[4]) then return {total} end
for i = 5, #ARGV do
    values[i - 4] = lives(ARGV[i]) and redis.call('HGET', base .. ARGV[i], 'v')
end
return {total, values}
"""
)

# ... then key, value, ttl (or '') of each.
SET = (
    _PRELUDE
    + """
for i = 4, #ARGV, 3 do put(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
return (#ARGV - 3) / 3
"""
)

# ... then keys. Returns how many were there.
DELETE = (
    _PRELUDE
    + """
local removed = 0
for i = 4, #ARGV do
    if lives(ARGV[i]) then removed = removed + 1 end
    drop(ARGV[i])
end
return removed
"""
)

# ... then first, last (as ZRANGEBYLEX has them), most. Returns key, millisecond or '', key, ...
LIST = (
    _PRELUDE
    + """
local answer = {}
for _, key in ipairs(range(ARGV[4], ARGV[5], tonumber(ARGV[6]))) do
    answer[#answer + 1] = key
    answer[#answer + 1] = redis.call('HGET', base .. key, 'e') or ''
end
return answer
"""
)

# ... then first, last, cap. Returns how many were removed, and 1 if there are more.
FLUSH = (
    _PRELUDE
    + """
local cap = tonumber(ARGV[6])
local found = range(ARGV[4], ARGV[5], cap + 1)
local removed = math.min(#found, cap)
for i = 1, removed do drop(found[i]) end
return {removed, #found > cap and 1 or 0}
"""
)

# ... then key, ttl. Returns 1 if there is such an entry.
EXPIRE = (
    _PRELUDE
    + """
if not lives(ARGV[4]) then
    drop(ARGV[4])
    return 0
end
limit(ARGV[4], tonumber(ARGV[5]))
return 1
"""
)

# KEYS[4]: where the sum is remembered. ... then key, amount, initial, ttl or '', how many seconds
# the sum is remembered or ''. Returns a verdict and the sum.
INCREMENT = (
    _PRELUDE
    + """
local key, amount, initial, ttl, memory = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
if memory ~= '' then
    local till, before = string.match(redis.call('GET', KEYS[4]) or '', '^(%d+) (.+)$')
    if till and tonumber(till) > now then return {'done', before} end
end
local is_new = not lives(key)
if is_new then
    put(key, initial, ttl)
else
    local held = redis.call('HGET', base .. key, 'v')
    local digits = string.match(held, '^%-?(%d+)$')
    if not digits or (#digits > 1 and string.sub(digits, 1, 1) == '0') then
        return {'not_an_integer', ''}
    end
    if held == '-0' then redis.call('HSET', base .. key, 'v', '0') end
end
local sum = redis.pcall('HINCRBY', base .. key, 'v', amount)
if type(sum) == 'table' and sum.err then
    if is_new then drop(key) end
    local is_range = string.find(sum.err, 'overflow') or string.find(sum.err, 'not an integer')
    return is_range and {'out_of_range', ''} or sum
end
-- What HINCRBY returned has been rounded to 53 bits.
sum = redis.call('HGET', base .. key, 'v')
if memory ~= '' then
    local till = string.format('%.0f', now + tonumber(memory) * 1000)
    redis.call('SET', KEYS[4], till .. ' ' .. sum, 'EX', memory)
end
return {'done', sum}
"""
)

# ... then how many at most. Returns how many were looked at.
SWEEP = (
    _PRELUDE
    + """
local past = redis.call('ZRANGEBYSCORE', times, '-inf', ARGV[2], 'LIMIT', 0, tonumber(ARGV[4]))
for _, key in ipairs(past) do
    if lives(key) then redis.call('ZREM', times, key) else drop(key) end
end
if redis.call('EXISTS', names) == 0 then redis.call('SREM', spaces, space) end
return #past
"""
)
