import AppContainer
import Testing

@Suite struct ImageNameTests {
    @Test(arguments: [
        ("example.com/app", "example.com/app"),
        ("example.com/app:1.0", "example.com/app:1.0"),
        ("example.com/app,version=1.0", "example.com/app:1.0"),
        ("app:1,zz=1,arch=amd64,channel=a=b,os=linux", "app:1,os=linux,arch=amd64,channel=a=b,zz=1"),
        ("app:", "app:"),
    ])
    func `names are read and printed as users type them`(text: String, printed: String) throws {
        let name = try ImageName(parsing: text)
        #expect(name.description == printed)
        #expect(try ImageName(parsing: printed).description == printed)
    }

    @Test func `the version is a label`() throws {
        let name = try ImageName(parsing: "example.com/app:1.0,os=linux")
        #expect(name.name.rawValue == "example.com/app")
        #expect(name.labels["version"] == "1.0")
        #expect(name.labels["os"] == "linux")
        #expect(name.labels["arch"] == nil)
    }

    @Test(arguments: [
        ("", "an identifier cannot be empty"),
        ("App", "identifier 'App' contains 'A'; only a-z, 0-9 and -._~/ are allowed"),
        ("a:1:2", "malformed app string - colon may appear at most once"),
        ("a,os=x:1", "malformed app string - colon may appear only right after the app name"),
        ("a,os", "malformed string \"name=a,os\" - has a label without a value: os"),
        ("a,os=x,os=y", "label os with multiple values [\"x\" \"y\"]"),
        ("a:1,version=2", "label version with multiple values [\"1\" \"2\"]"),
        ("a,name=b", "label name with multiple values [\"a\" \"b\"]"),
        ("a,=b", "an identifier cannot be empty"),
    ])
    func `malformed names say what is wrong`(text: String, message: String) {
        let error = #expect(throws: (any Error).self) { try ImageName(parsing: text) }
        #expect(error.map { "\($0)" } == message)
    }
}
