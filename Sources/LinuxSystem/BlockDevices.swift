import SystemPackage

/// The block devices of this machine that hold something, as `MAJOR:MINOR`; whole disks, not their partitions.
///
/// Source: sysfs(5), /sys/block.
package func wholeDisks() throws(SystemCallError) -> [String] {
    var disks: [String] = []
    for name in try listDirectory("/sys/block") {
        let directory = FilePath("/sys/block").appending(name)
        // A device that has just been taken away is none.
        guard let size = try? readTextFile(directory.appending("size")), size != "0\n",
            let numbers = try? readTextFile(directory.appending("dev"))
        else { continue }
        disks.append(String(numbers.prefix { $0 != "\n" }))
    }
    return disks
}
