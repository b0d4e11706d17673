import CCurl

/// How to go on with a file of which the beginning is there.
enum Resumption: Equatable {
    /// The body is the whole file.
    case fromStart
    /// The body goes on where our file ends.
    case goOn(total: UInt64?)
    /// The server has nothing behind what we have, or sends another part: away with it and once again.
    case restart
    /// The body is not the file.
    case notTheFile

    /// Decides from the answer to a request for what follows the first `offset` bytes.
    ///
    /// Source: RFC 9110, sections 14.4 and 15.5.17.
    init(_ head: ResponseHead, offset: UInt64) {
        switch head.status {
        case 200: self = .fromStart
        case 206:
            let range = head.header("content-range").flatMap { ContentRange($0) }
            self = offset > 0 && range?.first == offset ? .goOn(total: range?.total) : .restart
        case 416 where offset > 0: self = .restart
        default: self = .notTheFile
        }
    }
}

/// `bytes FIRST-LAST/TOTAL`; a total of `*` is none.
struct ContentRange: Equatable {
    let first: UInt64
    let last: UInt64
    let total: UInt64?

    init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
        let parts = words[1].split(separator: "/")
        guard parts.count == 2 else { return nil }
        let ends = parts[0].split(separator: "-")
        guard ends.count == 2, let first = UInt64(ends[0]), let last = UInt64(ends[1]), first <= last else {
            return nil
        }
        self.first = first
        self.last = last
        if parts[1] == "*" {
            total = nil
        } else {
            guard let number = UInt64(parts[1]), number > last else { return nil }
            total = number
        }
    }
}

/// What may stand in `If-Range` later: a strong entity tag, else a date that is surely older than the answer; else
/// nothing.
///
/// Source: RFC 9110, sections 8.8.2.2 and 13.1.5.
func validator(of head: ResponseHead) -> String? {
    if let tag = head.header("etag"), tag.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") { return tag }
    guard let modified = head.header("last-modified"), let date = head.header("date") else { return nil }
    let times = (curl_getdate(modified, nil), curl_getdate(date, nil))
    return times.0 > 0 && times.1 > times.0 ? modified : nil
}
