/// A point in time as manifests write it, such as `2016-01-02T15:04:05Z`.
///
/// Source: RFC 3339; appc spec 0.8.11, aci.md, annotation "created".
package struct ACDate: Hashable, Sendable {
    /// As it was written.
    package let description: String
    package let secondsSince1970: Int64

    /// The time in UTC, without fraction.
    ///
    /// - Parameter secondsSince1970: Years outside 0 to 9999 become the nearest year that can be written.
    package init(secondsSince1970: Int64) {
        let time = min(max(secondsSince1970, Self.earliest), Self.latest)
        let day = time / 86_400 - (time % 86_400 < 0 ? 1 : 0)
        let second = time - day * 86_400
        let (year, month, dayOfMonth) = Self.civil(fromDays: day)
        func pad(_ number: Int64, _ width: Int = 2) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        self.secondsSince1970 = time
        description =
            "\(pad(year, 4))-\(pad(month))-\(pad(dayOfMonth))"
            + "T\(pad(second / 3600)):\(pad(second / 60 % 60)):\(pad(second % 60))Z"
    }

    private static let earliest: Int64 = -62_167_219_200
    private static let latest: Int64 = 253_402_300_799

    /// Source: the usual calculation with years that begin in March, 400 of which have 146097 days.
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1)
    }

    fileprivate static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension ACDate: TextValue {
    package init(parsing text: String) throws { try self.init(text) }

    package init(_ text: String) throws(ManifestError) {
        var scanner = DateScanner(text)
        guard text.utf8.count <= 64, let seconds = scanner.dateAndTime() else { throw .malformedDate(text) }
        description = text
        secondsSince1970 = seconds
    }
}

private struct DateScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func dateAndTime() -> Int64? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2), take("T"),
            let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
            (1...12).contains(month), (1...daysIn(month, year)).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        if take(".") {
            let start = position
            while position < bytes.count, bytes[position].isDigit { position += 1 }
            if position == start { return nil }
        }
        guard let offset = zone(), position == bytes.count else { return nil }
        return ACDate.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
    }

    private mutating func zone() -> Int64? {
        if take("Z") { return 0 }
        let sign: Int64 = take("-") ? -1 : take("+") ? 1 : 0
        guard sign != 0, let hour = number(2), take(":"), let minute = number(2), hour < 24, minute < 60 else {
            return nil
        }
        return sign * (hour * 3600 + minute * 60)
    }

    private func daysIn(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    private mutating func number(_ width: Int) -> Int64? {
        guard position + width <= bytes.count else { return nil }
        let digits = bytes[position..<position + width]
        guard digits.allSatisfy(\.isDigit) else { return nil }
        position += width
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }
}
