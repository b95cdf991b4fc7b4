import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;
import org.apache.velocity.app.event.InvalidReferenceEventHandler;
import org.apache.velocity.context.Context;
import org.apache.velocity.runtime.log.NullLogChute;
import org.apache.velocity.util.introspection.Info;

/** Renders templates with Velocity 1.7 as API Gateway configures it: one a line on both sides, in Base64. */
public final class Harness {
    /** What is undefined is the empty string. */
    public static final class Nothing implements InvalidReferenceEventHandler {
        public Object invalidGetMethod(Context context, String reference, Object object, String property, Info info) {
            return "";
        }

        public boolean invalidSetMethod(Context context, String left, String right, Info info) {
            return false;
        }

        public Object invalidMethod(Context context, String reference, Object object, String method, Info info) {
            return "";
        }
    }

    public static void main(String[] arguments) throws Exception {
        VelocityEngine engine = new VelocityEngine();
        engine.setProperty("runtime.log.logsystem.class", NullLogChute.class.getName());
        engine.setProperty("eventhandler.invalidreferences.class", Nothing.class.getName());
        engine.setProperty("velocimacro.permissions.allow.inline", "false");
        engine.setProperty("velocimacro.library", "");
        engine.setProperty("directive.foreach.maxloops", "1000");
        engine.setProperty("runtime.introspector.uberspect",
            "org.apache.velocity.util.introspection.SecureUberspector");
        engine.setProperty("input.encoding", "UTF-8");
        engine.setProperty("output.encoding", "UTF-8");
        engine.init();
        engine.removeDirective("evaluate");
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String template = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            String answer;
            try {
                StringWriter writer = new StringWriter();
                engine.evaluate(new VelocityContext(), writer, "t", template);
                byte[] rendered = writer.toString().getBytes(StandardCharsets.UTF_8);
                answer = "+" + Base64.getEncoder().encodeToString(rendered);
            } catch (Throwable error) {
                String message = String.valueOf(error.getMessage());
                answer = "-" + Base64.getEncoder().encodeToString(message.getBytes(StandardCharsets.UTF_8));
            }
            out.print(answer + "\n");
            out.flush();
        }
    }
}
