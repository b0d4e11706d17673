import JSON
import Testing

@Suite struct JSONWriterTests {
    @Test(arguments: [
        ("<a href=\"x\">&</a>", #""\u003ca href=\"x\"\u003e\u0026\u003c/a\u003e""#),
        ("\u{2028}\u{2029}", #""\u2028\u2029""#),
        ("\u{2027}\u{e8}¨©ª", "\"\u{2027}\u{e8}¨©ª\""),
        ("\\ \n\r\t\u{0}\u{1f}\u{8}\u{c}", #""\\ \n\r\t\u0000\u001f\u0008\u000c""#),
        ("é😀\u{7f}", "\"é😀\u{7f}\""),
    ])
    func `strings are escaped as Go does`(text: String, expected: String) {
        #expect(JSONValue.string(text).serialized() == expected)
    }

    @Test func `members keep their order`() throws {
        let text = #"{"z":1,"a":[true,false,null],"m":{"y":"","b":[]},"e":{}}"#
        #expect(try JSONValue(parsing: text).serialized() == text)
    }

    @Test func `indented output has one member on each line`() throws {
        let value = try JSONValue(parsing: #"{"a":1,"b":[1,2],"c":{},"d":[]}"#)
        #expect(
            value.serialized(.indented("\t"))
                == "{\n\t\"a\": 1,\n\t\"b\": [\n\t\t1,\n\t\t2\n\t],\n\t\"c\": {},\n\t\"d\": []\n}")
    }
}
