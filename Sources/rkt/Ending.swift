/// How a command ends when there is nothing left to print about it.
enum Ending: Error, Equatable {
    /// The arguments make no sense: the help follows.
    case usage
    /// As ``usage``, with the status of ``failedSoftly``.
    case usageSoftly
    /// All was said already.
    case failed
    /// As ``failed``, in the places where the original gives a status of its own.
    case failedSoftly
}
