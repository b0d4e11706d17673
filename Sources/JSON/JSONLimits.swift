/// How much JSON is accepted from somebody who may mean harm.
package struct JSONLimits: Equatable, Sendable {
    package let maximumBytes: Int
    /// How many arrays and objects may be inside each other.
    package let maximumDepth: Int
    /// How many values in all: a value of two bytes takes more than ten times that in memory.
    package let maximumValues: Int

    /// Depths above 512 are lowered to that: the parser needs stack for each.
    package init(maximumBytes: Int, maximumDepth: Int, maximumValues: Int = 500_000) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = min(maximumDepth, 512)
        self.maximumValues = maximumValues
    }

    /// For image and pod manifests, configuration files and everything of that size.
    package static let manifest = JSONLimits(maximumBytes: 4 << 20, maximumDepth: 64)
}
