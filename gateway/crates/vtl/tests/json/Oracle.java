import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.InvalidPathException;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.PathNotFoundException;
import com.jayway.jsonpath.spi.json.JsonProvider;
import com.jayway.jsonpath.spi.json.JsonSmartJsonProvider;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import net.minidev.json.parser.JSONParser;

/** Answers lines of `DOCUMENT` or `DOCUMENT PATH`, in hex, with what json-smart and Jayway JsonPath make of them. */
public class Oracle {
    public static void main(String[] arguments) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        JsonProvider provider =
            new JsonSmartJsonProvider(JSONParser.MODE_PERMISSIVE, JSONValue.defaultReader.DEFAULT_ORDERED);
        Configuration configuration = Configuration.builder().jsonProvider(provider).build();
        for (String line; (line = in.readLine()) != null; ) {
            String[] fields = line.split(" ", -1);
            try {
                Object value = provider.parse(text(fields[0]));
                if (fields.length > 1) {
                    value = JsonPath.compile(text(fields[1])).read(value, configuration);
                }
                String json = JSONValue.toJSONString(value, JSONStyle.LT_COMPRESS);
                out.println("ok " + hex(String.valueOf(value)) + " " + hex(json));
            } catch (PathNotFoundException e) {
                out.println("missing");
            } catch (InvalidPathException e) {
                out.println("path " + hex(String.valueOf(e.getMessage())));
            } catch (Exception | StackOverflowError e) {
                out.println("error " + hex(String.valueOf(e)));
            }
        }
        out.flush();
    }

    private static String hex(String text) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            out.append(String.format("%02x", b));
        }
        return out.toString();
    }

    private static String text(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
