-- report.lua for a load that goes round all API keys: the file named after `--` has one value a line.
-- Every request is built before the first is sent, so that one costs the load a table lookup.
dofile((debug.getinfo(1, "S").source:match("^@(.*)keys%.lua$")) .. "report.lua")

local requests, index = {}, 0

function init(args)
  for value in io.lines(args[1]) do
    wrk.headers["x-api-key"] = value
    requests[#requests + 1] = wrk.format("GET")
  end
end

function request()
  index = index % #requests + 1
  return requests[index]
end
