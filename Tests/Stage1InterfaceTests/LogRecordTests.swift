import AppContainer
import Stage1Interface
import Testing

@Suite struct LogRecordTests {
    private func entries(_ text: String, time: Int64 = 1_764_331_200_000_000_001) -> String {
        var output: [UInt8] = []
        Array(text.utf8).withUnsafeBytes { LogRecord.append($0, .standardOutput, time: time, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    @Test func `a line is an entry, and what has no end is part of one`() {
        #expect(
            entries("one\n\nrest") == """
                2025-11-28T12:00:00.000000001Z stdout F one
                2025-11-28T12:00:00.000000001Z stdout F\u{20}
                2025-11-28T12:00:00.000000001Z stdout P rest

                """)
        #expect(entries("") == "")
    }

    @Test func `what was written is read again`() throws {
        let text = "with spaces  and \u{0} bytes \u{7f}\nand no end"
        let records = entries(text).utf8.split(separator: 0x0a).map { LogRecord(parsing: Array($0)[...]) }
        let read = try records.map { try #require($0) }
        #expect(read.map(\.isComplete) == [true, false])
        #expect(
            read.map { String(decoding: $0.text, as: UTF8.self) } == [
                "with spaces  and \u{0} bytes \u{7f}", "and no end",
            ])
        #expect(read.allSatisfy { $0.time == 1_764_331_200_000_000_001 && $0.stream == .standardOutput })
    }

    @Test(arguments: [
        "", "2025-11-28T12:00:00.000000001Z stdout F", "2025-11-28T12:00:00Z stdout F text",
        "2025-11-28T12:00:00.00000000xZ stdout F text", "2025-11-28T12:00:00.000000001Z stdin F text",
        "2025-11-28T12:00:00.000000001Z stdout X text", "1969-11-28T12:00:00.000000001Z stdout F text",
    ])
    func `what is no entry is none`(line: String) {
        #expect(LogRecord(parsing: Array(line.utf8)[...]) == nil)
    }
}

@Suite struct AttachArgumentsTests {
    @Test(arguments: [
        AttachArguments.Action.list, .automatic, .custom([.input, .output]), .custom([.terminalInput]), .custom([]),
    ])
    func `what stage0 says is understood`(action: AttachArguments.Action) throws {
        let arguments = try AttachArguments(action, app: ACName("web"))
        #expect(try AttachArguments(parsing: arguments.words) == arguments)
    }

    @Test func `nothing else is`() {
        #expect(throws: EntryPointArgumentError.self) { try AttachArguments(parsing: ["--action=other", "--app=web"]) }
        #expect(throws: EntryPointArgumentError.self) { try AttachArguments(parsing: ["--action=list"]) }
        #expect(throws: EntryPointArgumentError.self) { try AttachArguments(parsing: ["--action=list", "--app=../x"]) }
        #expect(throws: EntryPointArgumentError.self) {
            try AttachArguments(parsing: ["--action=list", "--app=web", "--stdin=maybe"])
        }
    }
}
