import JSON
import Testing

private struct Item: JSONDecodable, Equatable {
    let name: String
    let count: UInt32?
    let tags: [String]

    init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        name = try fields.required("name")
        count = try fields.optional("count")
        tags = try fields.list("tags")
    }
}

@Suite struct JSONDecodableTests {
    @Test func `missing and null members are the same and unknown ones are ignored`() throws {
        let item = try Item(json: JSONValue(parsing: #"{"name":"x","count":null,"other":[1]}"#))
        #expect(item.name == "x")
        #expect(item.count == nil)
        #expect(item.tags.isEmpty)
    }

    @Test(arguments: [
        ("[]", "must be an object, not an array"),
        ("{}", "name: must be set"),
        (#"{"name":1}"#, "name: must be a string, not a number"),
        (#"{"name":"x","count":-1}"#, "count: -1 is out of range or no integer"),
        (#"{"name":"x","count":1.0}"#, "count: 1.0 is out of range or no integer"),
        (#"{"name":"x","tags":["a",true]}"#, "tags[1]: must be a string, not a boolean"),
    ])
    func `errors name the field`(text: String, message: String) throws {
        let json = try JSONValue(parsing: text)
        let error = #expect(throws: JSONFieldError.self) { try Item(json: json) }
        #expect(error?.description == message)
    }

    @Test func `paths go through arrays and objects`() {
        #expect(JSONPath.root.member("apps").element(2).member("name").description == "apps[2].name")
    }
}
