/// The members of a JSON object in their order; every key occurs once.
///
/// Two objects are equal when they have the same members in any order. Keys are told apart byte by byte, as other
/// programs do, not by Unicode equivalence.
package struct JSONObject: Sendable {
    package private(set) var members: [(key: String, value: JSONValue)] = []

    /// Where each key is, kept once there are more members than a scan over all of them is good for.
    private var places: [ExactKey: Int] = [:]
    private static let scanLimit = 12

    package init() {}

    package var keys: [String] { members.map(\.key) }
    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }

    /// The value of a member; setting appends or replaces in place, setting `nil` removes.
    package subscript(key: String) -> JSONValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): members[place].value = value
            case (nil, let value?): append(key, value)
            case (let place?, nil):
                members.remove(at: place)
                places = [:]
                if members.count > Self.scanLimit { indexAll() }
            case (nil, nil): break
            }
        }
    }

    /// Sets a member unless the value is empty, as Go's `omitempty` does.
    package mutating func set(_ key: String, unlessEmpty elements: [some JSONEncodable]) {
        if !elements.isEmpty { self[key] = elements.json }
    }

    /// Sets a member unless there is no value.
    package mutating func set(_ key: String, ifPresent value: (some JSONEncodable)?) {
        if let value { self[key] = value.json }
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if !places.isEmpty {
            places[ExactKey(key)] = members.count - 1
        } else if members.count > Self.scanLimit {
            indexAll()
        }
    }

    private mutating func indexAll() {
        for (place, member) in members.enumerated() { places[ExactKey(member.key)] = place }
    }

    private func place(of key: String) -> Int? {
        if places.isEmpty { return members.firstIndex { $0.key.isExactly(key) } }
        return places[ExactKey(key)]
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }
}

extension JSONObject: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.key] == $0.value }
    }
}

/// A string that is equal only to the same bytes.
private struct ExactKey: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: Self, right: Self) -> Bool { left.text.isExactly(right.text) }

    func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

extension String {
    /// Whether both are the same bytes.
    fileprivate func isExactly(_ other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let same = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in left.elementsEqual(right) }
        }
        return same.flatMap(\.self) ?? utf8.elementsEqual(other.utf8)
    }
}
