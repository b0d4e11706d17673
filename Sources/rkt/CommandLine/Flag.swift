/// One flag of one command: what it is called, what the help says, and what giving it changes.
struct Flag: Sendable {
    /// How the flag's default is shown in the help.
    enum Kind: Sendable {
        case boolean
        /// Plain text; its default is shown in quotes.
        case string
        /// A value with a syntax of its own; its default is shown as it is.
        case value
    }

    enum Visibility: Equatable, Sendable {
        case shown
        /// Works, but the help does not list it.
        case hidden
        /// Works, is not listed, and says so with this advice each time it is given.
        case deprecated(String)
        /// Known, not listed, and refused: a flag that changes what a pod may do must never be ignored.
        case refused(String)
    }

    let name: String
    var shorthand: Character?
    let kind: Kind
    let defaultText: String
    /// The value that the flag has when it stands alone; `nil` when it takes the next word.
    let bareValue: String?
    let usage: String
    var visibility = Visibility.shown
    /// Checks the value and keeps it.
    ///
    /// What it throws becomes the reason in `invalid argument`.
    let set: @Sendable (inout Options, String) throws -> Void
}

extension Flag {
    /// The same flag, which takes the next word when no value is written with it.
    var withoutBareValue: Flag {
        Flag(
            name: name, shorthand: shorthand, kind: kind, defaultText: defaultText, bareValue: nil, usage: usage,
            visibility: visibility, set: set)
    }

    static func boolean(
        _ name: String, _ usage: String, default defaultValue: Bool = false,
        set: @escaping @Sendable (inout Options, Bool) throws -> Void
    ) -> Flag {
        Flag(
            name: name, kind: .boolean, defaultText: String(defaultValue), bareValue: "true", usage: usage,
            set: { try set(&$0, parseGoBool($1)) })
    }

    static func string(
        _ name: String, _ usage: String, default defaultValue: String = "",
        set: @escaping @Sendable (inout Options, String) throws -> Void
    ) -> Flag {
        Flag(name: name, kind: .string, defaultText: defaultValue, bareValue: nil, usage: usage, set: set)
    }

    /// A flag whose value has a syntax of its own; `bare` makes the value optional.
    static func value(
        _ name: String, _ usage: String, default defaultValue: String = "", bare: String? = nil,
        set: @escaping @Sendable (inout Options, String) throws -> Void
    ) -> Flag {
        Flag(name: name, kind: .value, defaultText: defaultValue, bareValue: bare, usage: usage, set: set)
    }

    /// A duration as in Go, kept in nanoseconds.
    static func duration(
        _ name: String, _ usage: String, default defaultValue: Int64,
        set: @escaping @Sendable (inout Options, Int64) throws -> Void
    ) -> Flag {
        Flag(
            name: name, kind: .value, defaultText: goDurationText(defaultValue), bareValue: nil, usage: usage,
            set: { try set(&$0, parseGoDuration($1)) })
    }

    /// A flag of the original that does nothing here yet.
    static func notAvailable(_ name: String, bare: String? = nil, because reason: String = "not available yet") -> Flag
    {
        Flag(
            name: name, kind: bare == "true" ? .boolean : .value, defaultText: "", bareValue: bare, usage: "",
            visibility: .refused(reason), set: { _, _ in })
    }

    func withVisibility(_ visibility: Visibility) -> Flag {
        var copy = self
        copy.visibility = visibility
        return copy
    }
}
