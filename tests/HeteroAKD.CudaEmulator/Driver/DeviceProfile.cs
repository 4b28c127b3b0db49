using System.Globalization;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>The card that the emulator pretends to be. Environment variables change it.</summary>
internal sealed class DeviceProfile
{
    /// <summary>The variable with the compute capability, such as 8.0 or 9.0.</summary>
    public const string CapabilityVariable = "HETEROAKD_EMULATED_SM";

    /// <summary>The variable with the bytes of device memory.</summary>
    public const string MemoryVariable = "HETEROAKD_EMULATED_MEMORY";

    private const long DefaultMemory = 8L << 30;
    private const int Multiprocessors = 132; // of an H100 or H200

    /// <summary>The variable that decides about products and sums: <c>fuse</c> as ptxas does, or <c>keep</c> (also when empty) two roundings.</summary>
    public const string ContractionVariable = "HETEROAKD_EMULATED_FMA";

    /// <summary>A card as the environment describes it.</summary>
    /// <param name="capability">The first variable's value.</param>
    /// <param name="memory">The second variable's value.</param>
    /// <param name="contraction">The third variable's value.</param>
    public DeviceProfile(string? capability, string? memory, string? contraction = null)
    {
        if (!Version.TryParse(string.IsNullOrEmpty(capability) ? "8.0" : capability, out Version? version) || version.Major is < 8 or > 12)
        {
            throw new DriverException(CudaResult.InvalidDevice, $"{CapabilityVariable}={capability} is no compute capability from 8.0 on");
        }

        (Major, Minor) = (version.Major, version.Minor);
        MemoryBytes = string.IsNullOrEmpty(memory) ? DefaultMemory
            : long.TryParse(memory, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) ? bytes
            : throw new DriverException(CudaResult.InvalidDevice, $"{MemoryVariable}={memory} is no number of bytes");
        Contracts = contraction switch
        {
            null or "" or "keep" => false,
            "fuse" => true,
            _ => throw new DriverException(CudaResult.InvalidDevice, $"{ContractionVariable}={contraction} is neither fuse nor keep"),
        };
    }

    /// <summary>What the driver reports as its version, 13.0, for which ILGPU writes its newest PTX.</summary>
    public static int DriverVersion => 13000;

    /// <summary>What the driver reports as the card's name.</summary>
    public static string Name => "PTX emulator (no GPU)";

    /// <summary>First number of the compute capability.</summary>
    public int Major { get; }

    /// <summary>Second number of the compute capability.</summary>
    public int Minor { get; }

    /// <summary>Whether products and sums are fused.</summary>
    public bool Contracts { get; }

    /// <summary>Device memory in bytes.</summary>
    public long MemoryBytes { get; }

    /// <summary>Shared memory that a block may have if its kernel asks for more than the usual 48 KiB.</summary>
    public int MaxSharedBytes => Major == 9 ? 227 << 10 : (Major, Minor) is (8, 0) or (8, 7) ? 163 << 10 : 99 << 10;

    /// <summary>Shared memory of a multiprocessor.</summary>
    public int SharedBytesOfMultiprocessor => MaxSharedBytes + 1024;

    /// <summary>An attribute by the number that the driver API gives it; 0 for those that nobody asked for yet.</summary>
    public int Attribute(int number) => number switch
    {
        1 or 2 or 3 => 1024,
        4 => 64,
        5 => int.MaxValue,
        6 or 7 => ushort.MaxValue,
        8 => 48 << 10,
        9 => 64 << 10,
        10 => 32,
        11 => int.MaxValue,
        12 or 82 => 64 << 10,
        13 => 1_000_000,
        16 => Multiprocessors,
        15 or 19 or 31 or 41 or 78 or 90 or 91 => 1,
        36 => 1_000_000,
        37 => 256,
        38 => 4 << 20,
        39 => 2048,
        40 => 1,
        75 => Major,
        76 => Minor,
        81 => SharedBytesOfMultiprocessor,
        97 => MaxSharedBytes,
        106 => 32,
        111 => 1024,
        _ => 0,
    };
}
