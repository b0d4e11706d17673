import JSON
import Testing

@Suite struct JSONObjectTests {
    @Test func `objects are equal whatever the order of their members`() throws {
        #expect(try JSONValue(parsing: #"{"a":1,"b":2}"#) == JSONValue(parsing: #"{"b":2,"a":1}"#))
        #expect(try JSONValue(parsing: #"{"a":1,"b":2}"#) != JSONValue(parsing: #"{"a":1,"c":2}"#))
        #expect(try JSONValue(parsing: #"{"a":1}"#) != JSONValue(parsing: #"{"a":1,"b":2}"#))
    }

    @Test(arguments: [3, 100])
    func `members are set, replaced and removed`(count: Int) {
        var object = JSONObject()
        for number in 0..<count { object["k\(number)"] = JSONValue.number(JSONNumber(number)) }
        object["k1"] = "new"
        object["k0"] = nil
        object["last"] = true

        #expect(object.count == count)
        #expect(object["k0"] == nil)
        #expect(object["k1"] == "new")
        #expect(object["k2"] == 2)
        #expect(object.keys.last == "last")
    }

    @Test func `keys that only look alike are two keys`() throws {
        let value = try JSONValue(parsing: "{\"\u{e9}\":1,\"e\u{301}\":2}")
        #expect(value.object?.count == 2)
        #expect(value["\u{e9}"] == 1)
    }
}
