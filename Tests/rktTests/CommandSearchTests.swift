import Testing

@testable import rkt

@Suite struct CommandSearchTests {
    private func find(_ words: String...) throws -> FoundCommand { try findCommand(words, in: rootCommand) }

    @Test func `flags may stand before the command, and stay`() throws {
        let found = try find("--debug", "--dir", "/x", "list", "--full")
        #expect(found.path == ["list"])
        #expect(found.arguments == ["--debug", "--dir", "/x", "--full"])
    }

    @Test func `flags of the command may stand before its name too`() throws {
        #expect(try find("--format", "json", "list").path == ["list"])
        #expect(try find("--format=json", "list").arguments == ["--format=json"])
    }

    @Test func `the word after an unknown flag is taken for its value`() throws {
        #expect(throws: UsageError.unknownCommand("IMAGE.aci", suggestions: [])) {
            try find("--no-store", "fetch", "IMAGE.aci")
        }
        #expect(try find("--full", "list").path == [])
        #expect(try find("--no-store", "--debug", "fetch", "IMAGE.aci").path == ["fetch"])
    }

    @Test func `a value that is called like the command is left alone`() throws {
        let found = try find("--dir", "list", "--debug", "list")
        #expect(found.arguments == ["--dir", "list", "--debug"])
    }

    @Test(arguments: [
        (["li"], ["list"]), (["run"], ["run"]), (["run-"], ["run-prepared"]), (["prep"], ["prepare"]),
        (["im", "li"], ["image", "list"]), (["image"], ["image"]), (["image", "foo"], ["image"]),
        (["image", "r"], ["image"]), (["image", "ren"], ["image", "render"]),
    ])
    func `a prefix that only one command has is enough`(words: [String], expected: [String]) throws {
        #expect(try findCommand(words, in: rootCommand).path == expected)
    }

    @Test func `unknown commands come with similar names`() {
        #expect(
            message { _ = try find("lst") }
                == "unknown command \"lst\" for \"rkt\"\n\nDid you mean this?\n\tlist\n")
        #expect(message { _ = try find("frobnicate") } == "unknown command \"frobnicate\" for \"rkt\"")
    }

    @Test(arguments: [("", "", 0), ("list", "lst", 1), ("rn", "run", 1), ("kitten", "sitting", 3), ("a", "", 1)])
    func `distances between words count changed letters`(one: String, other: String, expected: Int) {
        #expect(editDistance(one, other) == expected)
    }
}
