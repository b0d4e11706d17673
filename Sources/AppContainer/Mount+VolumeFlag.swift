extension Mount {
    /// Reads the argument of `--mnt-volume`: `name=NAME,kind=host,source=PATH,target=PATH`, or `kind=empty`, and whatever
    /// else `--volume` knows; the volume is the app's alone.
    ///
    /// Source: rkt 1.30.0, rkt/cli_apps.go.
    package init(parsingVolumeFlag text: String) throws {
        var name = ""
        var target = ""
        var others: [String] = []
        for (key, value) in try FlagParameters(parsing: text).parts {
            switch key {
            case "name": name = value
            case "target": target = value
            default: others.append("\(key)=\(value)")
            }
        }
        let volume = try Volume(parsingFlag: ([name] + others).joined(separator: ","))
        try self.init(volume.name, path: target, appVolume: volume)
    }
}
