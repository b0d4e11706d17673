package import JSON

/// What the fetch program says before its answer, where the job asks for it (``TransportOptions/showsProgress``): each on
/// a line of its own on standard output.
package enum FetchReport: Equatable, Sendable {
    /// How far a download has come.
    case progress(DownloadProgress)
    /// A line for the user.
    case message(String)
}

/// How far one download of a job has come.
package struct DownloadProgress: Equatable, Sendable {
    /// Tells the downloads of one job apart.
    package var number: UInt32
    /// What is downloaded: 1 to 64 visible characters of ASCII, such as `ACI`.
    package var label: String
    /// Bytes that are here.
    package var received: UInt64
    /// Bytes that there will be, where the server said so.
    package var total: UInt64?
    /// It is complete.
    package var isDone: Bool

    package init(number: UInt32, label: String, received: UInt64 = 0, total: UInt64? = nil, isDone: Bool = false) {
        self.number = number
        self.label = label
        self.received = received
        self.total = total
        self.isDone = isDone
    }
}

extension FetchReport {
    /// Bytes of a line without its end; one of ``DownloadProgress`` is far below the 4096 that a pipe takes whole.
    package static let maximumLineBytes = 64 << 10
    /// Downloads of one job that may be under way at once.
    package static let maximumDownloads = 64
    /// Unicode scalars of a message that are kept.
    static let maximumMessageLength = 4_000
    static let maximumLabelLength = 64

    /// Reads what ``line`` wrote; nil when it is something else, such as the answer.
    ///
    /// All of it is checked: it may come from somebody who has taken over the fetch program.
    package init?(parsing line: some Sequence<UInt8>) throws {
        let limits = JSONLimits(maximumBytes: Self.maximumLineBytes, maximumDepth: FetchAnswer.limits.maximumDepth)
        let choice = try Choice(JSONValue(parsing: Array(line), limits: limits), at: .root)
        switch choice.name {
        case "progress": self = .progress(try choice.value())
        case "message":
            let text: String = try choice.value()
            self = .message(printable(Self.shortened(text)))
        default: return nil
        }
    }

    /// The report with the end of its line.
    package var line: [UInt8] {
        let json: JSONValue =
            switch self {
            case .progress(let progress): ["progress": progress.json]
            case .message(let text): ["message": Self.shortened(text).json]
            }
        return json.serializedBytes() + [0x0a]
    }

    private static func shortened(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(maximumMessageLength)))
    }
}

extension DownloadProgress: JSONCodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        self.init(
            number: try fields.required("number"), label: try fields.checked("label", .notLabel, isLabel),
            received: try fields.required("received"), total: try fields.optional("total"),
            isDone: try fields.required("isDone"))
    }

    package var json: JSONValue {
        var fields: JSONObject = [
            "number": number.json, "label": label.json, "received": received.json, "isDone": isDone.json,
        ]
        fields.set("total", ifPresent: total)
        return fields.json
    }
}

/// Whether each character of it takes one column of a terminal.
private func isLabel(_ text: String) -> Bool {
    1...FetchReport.maximumLabelLength ~= text.utf8.count && text.utf8.allSatisfy { 0x20..<0x7f ~= $0 }
}
