namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>Result codes of the CUDA driver API, those that the emulator gives.</summary>
internal enum CudaResult
{
    /// <summary>No error.</summary>
    Success = 0,

    /// <summary>An argument is not possible.</summary>
    InvalidValue = 1,

    /// <summary>Not enough memory.</summary>
    OutOfMemory = 2,

    /// <summary>No such device.</summary>
    InvalidDevice = 101,

    /// <summary>No context is current, or it is gone.</summary>
    InvalidContext = 201,

    /// <summary>The PTX text cannot be loaded.</summary>
    InvalidPtx = 218,

    /// <summary>A handle that the driver did not give out, or that is gone.</summary>
    InvalidHandle = 400,

    /// <summary>No such name.</summary>
    NotFound = 500,

    /// <summary>A kernel reached memory that it may not.</summary>
    IllegalAddress = 700,

    /// <summary>A kernel cannot end.</summary>
    LaunchTimeout = 702,

    /// <summary>Host memory is registered already.</summary>
    HostMemoryAlreadyRegistered = 712,

    /// <summary>Host memory is not registered.</summary>
    HostMemoryNotRegistered = 713,

    /// <summary>A kernel made an access that is not aligned.</summary>
    MisalignedAddress = 716,

    /// <summary>A kernel did something else without a defined result.</summary>
    LaunchFailed = 719,

    /// <summary>The emulator has no such function.</summary>
    NotSupported = 801,

    /// <summary>A call that is not possible while a stream captures.</summary>
    StreamCaptureUnsupported = 900,

    /// <summary>The capture was spoilt by an earlier call.</summary>
    StreamCaptureInvalidated = 901,

    /// <summary>A capture would merge with another.</summary>
    StreamCaptureMerge = 902,

    /// <summary>No capture is under way, or it began elsewhere.</summary>
    StreamCaptureUnmatched = 903,

    /// <summary>A forked stream was not joined.</summary>
    StreamCaptureUnjoined = 904,

    /// <summary>A dependency on the legacy stream.</summary>
    StreamCaptureImplicit = 906,

    /// <summary>The event was recorded in a capture.</summary>
    CapturedEvent = 907,

    /// <summary>A capture ended in another thread than it began.</summary>
    StreamCaptureWrongThread = 908,

    /// <summary>The emulator failed.</summary>
    Unknown = 999,
}
