/// A `<meta name=… content=…>` of a page.
struct MetaTag: Equatable, Sendable {
    let name: String
    let content: String
}

/// Finds the meta tags of a page, however it is written.
///
/// Knows of HTML only tags, attributes, comments and elements whose content is no HTML. Everything is read once from
/// front to back; what makes no sense is left out. Tags behind `</head>` or `<body` do not count, so that what visitors
/// may write into a page says nothing.
///
/// Source: HTML Living Standard, section 13.2.5, reduced; appc spec 0.8.11, discovery.md.
func metaTags(in page: [UInt8]) -> [MetaTag] {
    var scanner = PageScanner(page)
    return scanner.metaTags()
}

private struct PageScanner {
    private let page: [UInt8]
    private var position = 0

    /// Tags that are kept.
    private static let maximumTags = 1_000
    /// Attributes of one tag that are looked at.
    private static let maximumAttributes = 64
    private static let rawElements = ["script", "style", "title", "textarea", "noscript", "template", "iframe", "xmp"]

    init(_ page: [UInt8]) { self.page = page }

    mutating func metaTags() -> [MetaTag] {
        var found: [MetaTag] = []
        while found.count < Self.maximumTags, skip(past: [UInt8(ascii: "<")]) {
            if starts(with: "!--") {
                position += 3
                _ = skip(past: Array("-->".utf8))
                continue
            }
            let isEnd = starts(with: "/")
            if isEnd { position += 1 }
            let name = word()
            if name.isEmpty { continue }
            let attributes = attributes()
            if name == "body" || isEnd && name == "head" { break }
            if isEnd { continue }
            if name == "meta", let tag = attributes["name"], let content = attributes["content"] {
                found.append(MetaTag(name: tag.lowercased(), content: content))
            }
            if Self.rawElements.contains(name) { skipRawElement(name) }
        }
        return found
    }

    /// The attributes up to the end of the tag; of several with one name the first counts.
    private mutating func attributes() -> [String: String] {
        var found: [String: String] = [:]
        while position < page.count {
            skipSpace()
            guard let byte = peek else { break }
            if byte == UInt8(ascii: ">") {
                position += 1
                break
            }
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "=") {
                position += 1
                continue
            }
            let name = word()
            if name.isEmpty {
                position += 1
                continue
            }
            skipSpace()
            var value = ""
            if peek == UInt8(ascii: "=") {
                position += 1
                skipSpace()
                value = attributeValue()
            }
            if found.count < Self.maximumAttributes && found[name] == nil { found[name] = value }
        }
        return found
    }

    private mutating func attributeValue() -> String {
        let start: Int
        let end: Int
        if let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            position += 1
            start = position
            while let byte = peek, byte != quote { position += 1 }
            end = position
            if position < page.count { position += 1 }
        } else {
            start = position
            while let byte = peek, !isSpace(byte), byte != UInt8(ascii: ">") { position += 1 }
            end = position
        }
        return decodingReferences(String(decoding: page[start..<end], as: UTF8.self))
    }

    /// In lower case, up to what cannot be part of a name.
    private mutating func word() -> String {
        let start = position
        while let byte = peek, !isSpace(byte), !"/>=\"'<".utf8.contains(byte) { position += 1 }
        return String(decoding: page[start..<position], as: UTF8.self).lowercased()
    }

    private mutating func skipRawElement(_ name: String) {
        while skip(past: Array("</".utf8)) {
            if word() == name {
                _ = skip(past: [UInt8(ascii: ">")])
                return
            }
        }
    }

    /// Goes behind the next place where `text` is, or to the end.
    private mutating func skip(past text: [UInt8]) -> Bool {
        while position + text.count <= page.count {
            if page[position] == text[0] && page[position..<position + text.count].elementsEqual(text) {
                position += text.count
                return true
            }
            position += 1
        }
        position = page.count
        return false
    }

    private mutating func skipSpace() {
        while let byte = peek, isSpace(byte) { position += 1 }
    }

    private var peek: UInt8? { position < page.count ? page[position] : nil }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0d ~= byte }

    private func starts(with text: String) -> Bool { page[position...].starts(with: text.utf8) }
}

/// The five character references that attributes need; others stay as they are.
private func decodingReferences(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
    let references = [("&amp;", "&"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">")]
    var result = ""
    var rest = text[...]
    while let mark = rest.firstIndex(of: "&") {
        result += rest[..<mark]
        rest = rest[mark...]
        let reference = references.first { rest.hasPrefix($0.0) }
        result += reference?.1 ?? "&"
        rest = rest.dropFirst(reference?.0.count ?? 1)
    }
    return result + rest
}
