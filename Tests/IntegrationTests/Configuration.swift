import JSON
import SystemPackage
import TestSupport
import Testing

extension Integration {
    @Suite struct Configuration {
        /// The examples of Documentation/configuration.md: name below the configuration directory, and content.
        private func examples() throws -> [(path: String, text: String)] {
            let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
            let lines = try readText(root.appending("Documentation/configuration.md"))
                .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            var found: [(path: String, text: String)] = []
            var name = ""
            var text: [String]?
            for line in lines {
                if let content = text {
                    if line == "```" {
                        found.append((name, content.joined(separator: "\n")))
                        text = nil
                    } else {
                        text = content + [line]
                    }
                } else if line == "```json" {
                    text = []
                } else if line.contains("`/etc/rkt/") {
                    name = String(line.drop { $0 != "`" }.dropFirst("`/etc/rkt/".count).prefix { $0 != "`" })
                }
            }
            return found
        }

        @Test func `every example of the document is read, and shows in what rkt config prints`() throws {
            try RktFixture.with { rkt throws in
                let examples = try examples()
                #expect(examples.count == 8)
                for (path, text) in examples { try rkt.configure(path, text) }
                let result = try rkt("config").succeeded()
                #expect(result.errors == "")
                let entries = try JSONValue(parsing: Array(result.output.utf8))["stage0"]?.array ?? []
                for (path, text) in examples {
                    let example = try JSONValue(parsing: Array(text.utf8))
                    let listed = example["domains"]?.array ?? example["registries"]?.array ?? [.null]
                    for name in listed {
                        let isThere = entries.contains { entry in
                            entry["rktKind"] == example["rktKind"]
                                && (name.isNull || (entry["domains"] ?? entry["registries"])?[0] == name)
                                && ["credentials", "realms", "data", "location", "stallSeconds"].allSatisfy {
                                    example[$0] == nil || entry[$0] == example[$0]
                                }
                        }
                        #expect(isThere, "\(path): \(name)")
                    }
                }
            }
        }

        @Test func `without configuration there are paths and stage1 only, and they are empty`() throws {
            try RktFixture.with { rkt throws in
                let text = try rkt("config", "--pretty-print=false").succeeded().text
                #expect(
                    text == #"{"stage0":[{"rktVersion":"v1","rktKind":"paths","data":"","stage1-images":""},"#
                        + #"{"rktVersion":"v1","rktKind":"stage1","name":"","version":"","location":""}]}"#)
            }
        }

        @Test func `secrets that everybody can read are told on standard error`() throws {
            try RktFixture.with { rkt throws in
                let text =
                    #"{"rktKind":"auth","rktVersion":"v1","domains":["a"],"type":"oauth","credentials":{"token":"t"}}"#
                try rkt.configure("auth.d/a.json", text)
                #expect(try rkt("config").succeeded().errors == "")
                let file = rkt.localConfiguration.appending("auth.d/a.json")
                try Command("/bin/chmod", ["644", file.string]).run().succeeded()
                let result = try rkt("config").succeeded()
                #expect(
                    result.errorLines == [
                        "config: warning: \"\(file)\" has credentials in it and can be read by everybody"
                    ])
                #expect(result.output.contains("\"token\": \"t\""))
            }
        }

        @Test func `the limits of the configuration hold for images`() throws {
            try RktFixture.with { rkt throws in
                let image = try rkt.write(RktFixture.tiny())
                func limit(_ member: String) throws {
                    try rkt.configure("limits.d/a.json", #"{"rktKind":"limits","rktVersion":"v1",\#(member)}"#)
                }
                let fetch = ["fetch", "--insecure-options=image", image.string]
                try limit(#""maximumEntries":1"#)
                try rkt(fetch).refused("the image has more than 1 entries (maximumEntries)")
                try limit(#""maximumTotalBytes":100"#)
                try rkt(fetch).refused("(maximumTotalBytes)")
                #expect(try rkt.storedNames() == [])
                try limit(#""maximumEntries":100"#)
                try rkt(fetch).succeeded()
            }
        }
    }
}
