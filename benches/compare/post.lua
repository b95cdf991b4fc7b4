-- report.lua for a load that POSTs one order of 1 KiB, the same text as ORDER of harness/scenarios.py. The request is
-- static: wrk builds it once.
dofile((debug.getinfo(1, "S").source:match("^@(.*)post%.lua$")) .. "report.lua")

local items = {}
for n = 10, 22 do
  items[#items + 1] = string.format('{"sku":"sku-%04d","name":"Item number %02d","quantity":%d,"price":9.75}', n, n, n)
end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"id":"a1b2c3d4","customer":{"name":"Ada Lovelace","email":"ada@example.com","vip":true},"total":129.5,'
  .. '"currency":"EUR","items":[' .. table.concat(items, ",") .. ']}'
