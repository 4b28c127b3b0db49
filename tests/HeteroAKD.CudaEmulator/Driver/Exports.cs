using System.Runtime.InteropServices;
using System.Text;
using HeteroAKD.CudaEmulator.Execution;
using HeteroAKD.CudaEmulator.Ptx;

namespace HeteroAKD.CudaEmulator.Driver;

/// <summary>The functions of the library. One call runs at a time; no exception leaves it.</summary>
internal static unsafe partial class Exports
{
    private static readonly Lock s_gate = new();
    private static EmulatedDriver? s_driver;
    private static string s_initializationError = "";

    /// <summary>The last error in words, as UTF-8 with an end mark, cut to the buffer.</summary>
    /// <returns>Bytes of the whole message.</returns>
    [UnmanagedCallersOnly(EntryPoint = "emulator_last_error")]
    public static int LastError(byte* buffer, int length)
    {
        lock (s_gate)
        {
            byte[] text = Encoding.UTF8.GetBytes(s_driver?.LastError ?? s_initializationError);
            WriteText(text, buffer, length);
            return text.Length;
        }
    }

    /// <summary>Launches, instructions, matrix instructions, bytes read and written in global memory, and bank conflicts, in this order.</summary>
    /// <returns>How many numbers there are.</returns>
    [UnmanagedCallersOnly(EntryPoint = "emulator_statistics")]
    public static int Statistics(long* values, int count)
    {
        lock (s_gate)
        {
            Statistics counted = s_driver?.Statistics ?? new Statistics();
            long[] all =
            [
                counted.Launches, counted.Instructions, counted.MatrixInstructions, counted.GlobalBytesRead, counted.GlobalBytesWritten, counted.BankConflicts
            ];
            all.AsSpan(0, Math.Clamp(count, 0, all.Length)).CopyTo(new Span<long>(values, count));
            return all.Length;
        }
    }

    private static int Run(Action<EmulatedDriver> call)
    {
        lock (s_gate)
        {
            try
            {
                s_driver ??= new EmulatedDriver(
                    new DeviceProfile(
                        Environment.GetEnvironmentVariable(DeviceProfile.CapabilityVariable),
                        Environment.GetEnvironmentVariable(DeviceProfile.MemoryVariable),
                        Environment.GetEnvironmentVariable(DeviceProfile.ContractionVariable)));
                call(s_driver);
                return (int)CudaResult.Success;
            }
            catch (KernelFault e)
            {
                return Report((CudaResult)(int)e.Kind, e.Message);
            }
            catch (PtxException e)
            {
                return Report(CudaResult.InvalidPtx, e.Message);
            }
            catch (DriverException e)
            {
                return Report(e.Result, e.Message);
            }
            catch (OutOfMemoryException e)
            {
                return Report(CudaResult.OutOfMemory, e.Message);
            }
            catch (Exception e) when (e is not StackOverflowException)
            {
                return Report(CudaResult.Unknown, e.ToString());
            }
        }
    }

    private static int Report(CudaResult result, string problem)
    {
        s_initializationError = problem;
        if (s_driver is not null)
        {
            s_driver.LastError = problem;
        }

        Console.Error.WriteLine($"CUDA emulator: error {(int)result} ({result}): {problem}");
        return (int)result;
    }

    private static void WriteText(ReadOnlySpan<byte> text, byte* buffer, int length)
    {
        if (buffer != null && length > 0)
        {
            int count = Math.Min(text.Length, length - 1);
            text[..count].CopyTo(new Span<byte>(buffer, length));
            buffer[count] = 0;
        }
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";
}
