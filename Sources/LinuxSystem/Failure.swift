/// What could not be done, and the error that stopped it.
package struct Failure: Error, CustomStringConvertible {
    /// A sentence without capital and full stop: doing what, on what.
    package let message: String
    package let cause: (any Error)?

    package init(_ message: String, cause: (any Error)? = nil) {
        self.message = message
        self.cause = cause
    }

    /// This message and those of the causes, outermost first.
    package var chain: [String] {
        var sentences = [message]
        var next = cause
        while let error = next {
            if let failure = error as? Failure {
                sentences.append(failure.message)
                next = failure.cause
            } else {
                sentences.append("\(error)")
                next = nil
            }
        }
        return sentences
    }

    /// The first message and the innermost cause: `MESSAGE: CAUSE`.
    package var description: String {
        let sentences = chain
        return sentences.count == 1 ? sentences[0] : "\(sentences[0]): \(sentences[sentences.count - 1])"
    }
}

/// Runs `body` and says what was being done when it fails.
package func explaining<Result: ~Copyable>(
    _ message: @autoclosure () -> String, _ body: () throws -> Result
) throws(Failure) -> Result {
    do {
        return try body()
    } catch {
        throw Failure(message(), cause: error)
    }
}
