import JSON
import SystemPackage
import TestSupport

/// An HTTP server on loopback that answers as a test wants; see Tests/Servers/script.py.
final class ScriptedServer {
    let port: Int
    private let directory: FilePath
    private let process: RunningCommand
    private var routes: JSONObject = [:]

    /// Starts it with its files below `directory`; with a certificate it speaks TLS.
    init(in directory: FilePath, certificate: FilePath? = nil) throws {
        self.directory = directory
        try makeDirectories(directory)
        try writeText("{}", to: directory.appending("routes"))
        try writeText("", to: directory.appending("log"))
        let script = Programs.packageRoot.appending("Tests/Servers/script.py").string
        let files = [directory.appending("routes").string, directory.appending("log").string]
        process = try Command(
            try Programs.find("python3"), [script] + files + (certificate.map { [$0.string] } ?? [])
        ).start()
        try process.waitForOutput(".")
        guard let number = Int(process.outputSoFar.split(separator: " ").last?.prefix { $0 != "." } ?? "") else {
            throw Trouble("no port in '\(process.outputSoFar)'")
        }
        port = number
    }

    deinit { process.killAll() }

    var host: String { "127.0.0.1:\(port)" }

    /// One answer; see Tests/Servers/script.py.
    struct Answer {
        var members: JSONObject

        static func body(_ body: String, type: String? = nil, status: Int = 200) -> Answer {
            var answer = Answer(members: ["status": .number(JSONNumber(status)), "body": .string(body)])
            if let type { answer = answer.header("Content-Type", type) }
            return answer
        }
        static func body(_ bytes: [UInt8], type: String? = nil) -> Answer {
            body(String(decoding: bytes, as: UTF8.self), type: type)
        }
        static func status(_ status: Int) -> Answer { body("", status: status) }
        static func redirect(_ url: String) -> Answer { status(307).header("Location", url) }

        func with(_ name: String, _ value: JSONValue) -> Answer {
            var copy = self
            copy.members[name] = value
            return copy
        }
        func header(_ name: String, _ values: String...) -> Answer {
            var headers = members["headers"]?.object ?? [:]
            headers[name] = .array(values.map(JSONValue.string))
            return with("headers", .object(headers))
        }
        func asking(for authorization: String, _ challenge: String) -> Answer {
            with("authorization", .string(authorization)).with("challenge", .string(challenge))
        }
        /// Ends the connection after so many bytes.
        func cut(_ count: Int) -> Answer { with("cut", .number(JSONNumber(count))) }
        func length(_ count: Int) -> Answer { with("length", .number(JSONNumber(count))) }
    }

    /// What is answered at a path from now on.
    func answer(_ path: String, _ answers: Answer...) throws {
        routes[path] = .array(answers.map { .object($0.members) })
        try writeBytes(JSONValue.object(routes).serializedBytes(), to: directory.appending("routes"))
    }

    struct Request: Equatable {
        let method, target, authorization: String
        var path: String { String(target.prefix { $0 != "?" }) }
    }

    var requests: [Request] {
        let text = (try? readText(directory.appending("log"))) ?? ""  // the test fails on what is missing
        return text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return fields.count == 3
                ? Request(method: fields[0], target: fields[1], authorization: fields[2]) : nil
        }
    }

    func requests(for path: String) -> [Request] { requests.filter { $0.path == path } }
}
