/// What the web server of the tests does with one request; see Tests/Servers/web.py.
package struct ServerAnswer: Sendable {
    private var members: [(String, Value)] = []

    private enum Value: Sendable {
        case text(String)
        case raw(String)
        case headers([(String, String)])
    }

    package enum Ending: String, Sendable { case close, stall }

    /// The file as it is.
    package static let file = ServerAnswer()
    package static func status(_ status: Int) -> ServerAnswer { file.with("status", .raw("\(status)")) }
    package static func redirect(_ url: String, status: Int = 302) -> ServerAnswer {
        Self.status(status).with("redirect", .text(url))
    }
    /// A body that is this text.
    package static func text(_ text: String) -> ServerAnswer { file.with("body", .text(text)) }
    /// A body of so many zeros.
    package static func zeros(_ count: UInt64) -> ServerAnswer { file.with("zeros", .raw("\(count)")) }
    /// A body that does not end.
    package static let endless = file.with("endless", .raw("true"))

    package func status(_ status: Int) -> ServerAnswer { with("status", .raw("\(status)")) }
    package func etag(_ etag: String) -> ServerAnswer { with("etag", .text(etag)) }
    package func headers(_ headers: (String, String)...) -> ServerAnswer { with("headers", .headers(headers)) }
    package func withoutRanges() -> ServerAnswer { with("ranges", .raw("false")) }
    /// Without `Last-Modified`.
    package func withoutTime() -> ServerAnswer { with("modified", .raw("false")) }
    /// Only with this header `Authorization`; else 401 and the challenge.
    package func authorization(_ value: String, challenge: String? = nil) -> ServerAnswer {
        let asked = with("authorization", .text(value))
        return challenge.map { asked.with("challenge", .text($0)) } ?? asked
    }
    /// Ends like this after so many bytes of the body.
    package func after(_ bytes: Int, _ ending: Ending) -> ServerAnswer {
        with("after", .raw("\(bytes)")).with("then", .text(ending.rawValue))
    }
    /// The body takes so long.
    package func taking(seconds: Int) -> ServerAnswer { with("seconds", .raw("\(seconds)")) }
    /// Begins when somebody has written to this FIFO.
    package func waiting(for fifo: String) -> ServerAnswer { with("wait", .text(fifo)) }

    private func with(_ name: String, _ value: Value) -> ServerAnswer {
        var copy = self
        copy.members.append((name, value))
        return copy
    }

    var json: JSONText {
        .object(
            members.map { name, value in
                switch value {
                case .text(let text): (name, .string(text))
                case .raw(let text): (name, .raw(text))
                case .headers(let pairs): (name, .object(pairs.map { ($0.0, .string($0.1)) }))
                }
            })
    }
}
